"""A model whose parts are on several devices gives the numbers it gives on one, bit for bit.

No machine with several GPUs is needed: the devices are pretended, and refuse to mix.
"""

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

from circuit_assert import linear
from circuit_assert.backends import load as loading
from circuit_assert.backends.base import Resume, Untouched
from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.components import Site
from circuit_assert.session import Session
from tests.circuit_assert.backends.pretended import pretending, spread
from tests.circuit_assert.random_folders import write_random

FIRST, SECOND = "pretend:0", "pretend:1"
SIZES = {
    "vocab_size": 101, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4,
    "num_attention_heads": 4, "max_position_embeddings": 64, "bos_token_id": 100,
    "eos_token_id": 100, "pad_token_id": 0,
}  # fmt: skip


def llama():
    """With an unembedding of its own, on the last device, and shared keys."""
    return LlamaForCausalLM(
        LlamaConfig(**SIZES, num_key_value_heads=2, head_dim=8, tie_word_embeddings=False)
    )


def gemma():
    """With an unembedding that is the embedding, on the first, and four norms in each block."""
    kinds = ["sliding_attention", "full_attention"] * 2
    config = Gemma3TextConfig(
        **SIZES, num_key_value_heads=2, head_dim=8, layer_types=kinds, sliding_window=32
    )
    return Gemma3ForCausalLM(config)


def gpt2():
    """With queries, keys and values in one matrix, and learned positions."""
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=101, n_positions=64, n_embd=32, n_layer=4, n_head=4)
    )


def neox():
    """With attention and MLP side by side."""
    return GPTNeoXForCausalLM(GPTNeoXConfig(**SIZES))


def places(model):
    """Half of the blocks on either device; norm and unembedding on the last, or with their twin."""
    inner = "transformer" if hasattr(model, "transformer") else model.base_model_prefix
    base = model.get_submodule(inner)
    found = {}
    for name, child in base.named_children():
        if isinstance(child, torch.nn.ModuleList):
            half = len(child) // 2
            found |= {f"{inner}.{name}.{n}": (FIRST, SECOND)[n >= half] for n in range(len(child))}
        else:
            last = name in ("norm", "ln_f", "final_layer_norm")
            found[f"{inner}.{name}"] = SECOND if last else FIRST
    head = next(name for name, _ in model.named_children() if name != inner)
    tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight
    return {**found, head: FIRST if tied else SECOND}


def boot_spread(folder, *, dtype, devices, tokenizer):
    """What `boot` makes on several GPUs, on devices that are not there."""
    from transformer_lens.model_bridge import TransformerBridge

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    parts = spread(model, places(model))
    return TransformerBridge.boot_transformers(
        str(folder), hf_model=parts, dtype=dtype, tokenizer=tokenizer
    )


@pytest.fixture(scope="module", autouse=True)
def one_way():
    """Either device computes alike, as the CPU else would not: results are compared by bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "onednn_is_faster", lambda: False)
        patch.setattr(ShortWays, "give", lambda *given: None)
        yield


@pytest.fixture(scope="module", params=[llama, gemma, gpt2, neox])
def folder(request, tmp_path_factory):
    made = tmp_path_factory.mktemp("model")
    write_random(request.param, made)
    return made


@pytest.fixture(scope="module")
def whole(folder):
    """The model on the CPU."""
    return loading.load(Session().model(folder).spec)


@pytest.fixture(scope="module")
def parted(folder, whole, tmp_path_factory):
    """The model on two devices, loaded and checked as any other."""
    with pretending():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CIRCUIT_ASSERT_CACHE", str(tmp_path_factory.mktemp("checks")))
            patch.setattr(loading, "boot", boot_spread)
            patch.setattr(loading, "devices_here", lambda device: tuple(device.split(",")))
            made = loading.load(Session().model(folder, device="cuda:0,cuda:1").spec)
        yield made


TOKENS = torch.randint(1, 100, (3, 9), generator=torch.Generator().manual_seed(1))
LAST = 3


def same(one, other):
    assert (one.device.type, other.device.type) == ("cpu", "pretend")
    return torch.equal(one, other.cpu())


def test_its_blocks_are_on_both(whole, parted):
    assert {str(each) for each in whole.devices} == {"cpu"}
    assert {str(each) for each in parted.devices} == {FIRST, SECOND}


def test_its_weights_have_the_same_fingerprint(whole, parted):
    assert parted.fingerprint == whole.fingerprint


@pytest.mark.parametrize("layer", [0, 3])
def test_every_site_reads_the_same(whole, parted, layer):
    names = ["resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "mlp_post", "pattern"]
    names += ["v", "z"]
    if whole.has_parallel_blocks:
        names.remove("resid_mid")
    seen = []
    for backend in (whole, parted):
        kept = {}
        reads = {
            Site(layer, name): [lambda a, name=name, kept=kept: kept.update({name: a.clone()})]
            for name in names
        }
        kept["final"] = backend.run(TOKENS, reads=reads, edits={}, last_layer=LAST)
        seen.append(kept)
    assert all(each.device == parted.device for each in seen[1].values())
    assert [name for name in seen[0] if not same(seen[0][name], seen[1][name])] == []


def edited(activation):
    return activation * 1.5 + 0.25


@pytest.mark.parametrize("layer", [0, 3])
def test_every_edit_acts_the_same(whole, parted, layer):
    names = ["resid_pre", "resid_mid", "attn_out", "mlp_out", "pattern", "v", "z"]
    if whole.has_parallel_blocks:
        names.remove("resid_mid")
    edits = {Site(layer, name): [edited] for name in names}
    runs = [
        backend.run(TOKENS, reads={}, edits=edits, last_layer=LAST) for backend in (whole, parted)
    ]
    assert same(*runs)


@pytest.mark.parametrize("layer", [1, 2])
def test_resuming_at_a_block_gives_the_rest(whole, parted, layer):
    """Also with a stream that was kept on another device than the block's."""
    kept = []
    reads = {Site(layer, "resid_pre"): [lambda a: kept.append(a.clone())]}
    expected = whole.run(TOKENS, reads=reads, edits={}, last_layer=LAST)
    for device in (FIRST, SECOND):
        resume = Resume(layer, kept[0].to(device))
        before = parted.blocks_run
        found = parted.run(TOKENS, reads={}, edits={}, last_layer=LAST, resume=resume)
        assert same(expected, found)
        assert parted.blocks_run - before == 4 - layer


def test_shortcuts_work_as_on_one(whole, parted):
    for name in ("can_resume", "can_narrow", "can_reread", "_can_remember"):
        assert getattr(parted, name) is getattr(whole, name) is True, name


def test_mlps_run_at_some_positions(whole, parted):
    needed = torch.zeros(TOKENS.shape, dtype=torch.bool)
    needed[:, -2:] = True
    kept = {}
    reads = {Site(n, "resid_post"): [lambda a, n=n: kept.update({n: a.clone()})] for n in range(3)}
    whole.run(TOKENS, reads=reads, edits={}, last_layer=LAST)
    runs = []
    for backend in (whole, parted):
        leaving = {n: each.to(backend.device) for n, each in kept.items()}
        made = backend.run(
            TOKENS,
            reads={},
            edits={Site(1, "z"): [_last_only]},
            last_layer=LAST,
            needed=needed,
            untouched=Untouched((~needed).to(backend.device), leaving),
        )
        runs.append(made[needed.to(made.device)])
    assert same(*runs)


def _last_only(activation):
    changed = activation.clone()
    changed[:, -2:] *= 2
    return changed


@pytest.mark.parametrize("layer", [0, 3])
def test_attention_reads_another_stream(whole, parted, layer):
    found = []
    for backend in (whole, parted):
        kept, made = {}, []
        reads = {
            Site(layer, "resid_pre"): [lambda a, kept=kept: kept.update(pre=a.clone())],
            Site(layer, "z"): [lambda a: None],
        }

        def again(passing, backend=backend, kept=kept, made=made):
            other = kept["pre"].flip(0)
            streams = {"q": kept["pre"], "k": other, "v": other}
            made.extend(backend.reread(layer, streams, slice(0, 3)))
            return passing

        edits = {Site(layer, "pattern"): [again]}
        backend.run(TOKENS, reads=reads, edits=edits, last_layer=LAST)
        found.append(made)
    assert all(same(*each) for each in zip(*found, strict=True))


def test_what_is_made_of_the_final_stream(whole, parted):
    made = []
    for backend in (whole, parted):
        final = backend.run(TOKENS, reads={}, edits={}, last_layer=LAST)[0]
        of = torch.arange(18, device=final.device).view(9, 2)
        made.append(
            [
                backend.token_logits(final, of),
                backend.centred_logits(final, of),
                backend.all_logits(final),
                backend.entropy(final),
                backend.entropy(final, backend.final_scale(final) * 2),
                backend.divergence(final, final.new_zeros(backend.card.vocabulary)),
                backend.log_probabilities(final, of),
                backend.top_tokens(final, 3),
                backend.final_scale(final),
                backend.normalised(final),
            ]
        )
    assert [n for n, each in enumerate(zip(*made, strict=True)) if not same(*each)] == []


def test_what_is_made_of_weights(whole, parted):
    """Products of layers on different devices too: all are given on one."""
    made = []
    for backend in (whole, parted):
        tokens = torch.arange(5, 60)
        found = [
            backend.unembedding(),
            backend.unembedding(tokens.to(backend.device)),
            backend.token_embeddings(tokens),
        ]
        if not backend.has_parallel_blocks:
            found.append(backend.token_embeddings(tokens, effective=True))
        stream = found[2]
        for layer in range(4):
            read = [backend.head_input_weights(layer, which) for which in "qkv"]
            found += [
                backend.head_output_weights(layer),
                backend.head_output_bias(layer),
                backend.neuron_output_weights(layer),
                backend.neuron_input_weights(layer, "in"),
                *read,
            ]
            if backend.has_gated_mlps:
                found.append(backend.neuron_input_weights(layer, "gate"))
            if backend.no_queries_and_keys is None:
                found += [backend.queries_or_keys(layer, which, stream, 7) for which in "qk"]
        across = backend.head_output_weights(0)[0] @ backend.head_input_weights(3, "v")[1]
        made.append([*found, across])
    assert all(each.device == parted.device for each in made[1])
    assert [n for n, each in enumerate(zip(*made, strict=True)) if not same(*each)] == []


@pytest.mark.parametrize("layer", [0, 3])
def test_it_writes_the_same(whole, parted, layer):
    vectors = torch.randn(3, 32, generator=torch.Generator().manual_seed(2))
    site = Site(layer, "resid_post")
    written = [
        backend.generate(
            TOKENS,
            5,
            site=site,
            vectors=vectors,
            draws=torch.linspace(0, 0.99, 5 * len(TOKENS)).view(-1, 5),
        )
        for backend in (whole, parted)
    ]
    assert same(*written)


def test_tensors_of_two_devices_do_not_meet(parted):
    """Or else nothing here is tested."""
    one, other = torch.ones(3).to(FIRST), torch.ones(3).to(SECOND)
    for mixed in (
        lambda: one + other,
        lambda: one[other.long()],
        lambda: torch.stack([one, other]),
    ):
        with pytest.raises(RuntimeError, match="same device"):
            mixed()
    with pytest.raises(RuntimeError, match="same device"):
        one + torch.ones(3)
    assert (one + torch.tensor(1.0)).device == one.device
