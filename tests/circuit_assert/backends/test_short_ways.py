"""Parts of a model that go a shorter way give what they gave, and go it unseen only."""

import warnings

import pytest
import torch
import transformers

from circuit_assert.backends import attending, gated_mlps, rms_norms
from circuit_assert.backends.attending import attend_fused
from circuit_assert.backends.gated_mlps import gate_in_place
from circuit_assert.backends.load import load
from circuit_assert.backends.rms_norms import normalise_in_place
from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.backends.transformer_lens import TransformerLensBackend, boot
from circuit_assert.components import Site
from circuit_assert.errors import SlowerWarning
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.job import Job
from circuit_assert.measurements import Request, Residual
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.session import Session
from tests.circuit_assert.random_folders import write_random

KINDS = ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma3"]
LAYERS = 2
NORMS = {"Qwen3": 9, "Gemma3": 13}  # with those of queries and keys, and those after
TOKENS = torch.arange(2, 26).view(2, 12)
PROMPTS = PromptSet(
    "words",
    tuple(Prompt(f"w{n} w{n + 1} w{n + 2}", clusters={"template": f"t{n}"}) for n in range(5)),
)
SIZES = {
    "vocab_size": 101, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": LAYERS,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "max_position_embeddings": 32,
}  # fmt: skip
WINDOWS = {
    "Mistral": {"sliding_window": 4},
    "Gemma3": {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]},
}
HOOKS = [
    "attn.hook_in", "attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_rot_q",
    "attn.hook_rot_k", "attn.hook_attn_scores", "attn.hook_pattern", "attn.hook_z",
    "attn.hook_out", "mlp.hook_in", "mlp.hook_pre", "mlp.hook_pre_linear", "mlp.hook_post",
    "mlp.hook_out", "ln1.hook_scale", "ln1.hook_normalized", "ln2.hook_out",
]  # fmt: skip


def made(kind):
    name = "Gemma3Text" if kind == "Gemma3" else kind
    config = getattr(transformers, f"{name}Config")(**SIZES, **WINDOWS.get(kind, {}))
    return getattr(transformers, f"{kind}ForCausalLM")(config)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    written = {}

    def of(kind):
        if kind not in written:
            written[kind] = tmp_path_factory.mktemp(kind)
            write_random(lambda: made(kind), written[kind])
        return written[kind]

    return of


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


def booted(folder):
    bridge = boot(folder, dtype=torch.float32, devices=["cpu"]).eval()
    for parameter in bridge.original_model.parameters():
        parameter.requires_grad_(False)
    return bridge


@pytest.fixture(scope="module")
def untouched(folders, kind):
    return booted(folders(kind))


def shortened(folder, kind):
    model, ways = booted(folder), ShortWays()
    normalise_in_place(model.original_model, ways)
    gate_in_place(model.original_model, ways)
    attend_fused(model, ways)
    assert ways.parts == NORMS.get(kind, 5) + 2 * LAYERS
    ways.taken = True
    return model


@pytest.fixture(scope="module")
def bridge(folders, kind):
    return shortened(folders(kind), kind)


@pytest.fixture
def changed(folders, kind):
    """The shortened model and the untouched one, for a test that changes their weights."""
    return shortened(folders(kind), kind), booted(folders(kind))


@pytest.fixture
def gone(monkeypatch):
    """How many norms, MLPs and attentions went a shorter way."""
    counts = {"norms": 0, "mlps": 0, "attentions": 0}

    def counted(name, way):
        def call(*arguments, **named):
            counts[name] += 1
            return way(*arguments, **named)

        return call

    fused = torch.nn.functional.scaled_dot_product_attention
    for module, function, name in (
        (rms_norms, "_normalised", "norms"),
        (gated_mlps, "_activated", "mlps"),
    ):
        monkeypatch.setattr(module, function, counted(name, getattr(module, function)))
    monkeypatch.setattr(
        attending.torch.nn.functional, "scaled_dot_product_attention", counted("attentions", fused)
    )
    return counts


@torch.no_grad()
def logits(model, *hooks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformer-lens says that an edited norm is another one
        return model.run_with_hooks(TOKENS, fwd_hooks=list(hooks), use_cache=False)


def close(one, other):
    """Float64 is up to 2.5e-6 of the largest from either."""
    return float((one - other).abs().max()) <= 4e-6 * float(other.abs().max())


def test_numbers_stay_what_they_were_within_rounding(bridge, untouched, kind, gone):
    assert close(logits(bridge), logits(untouched))
    assert gone == {"norms": NORMS.get(kind, 5), "mlps": LAYERS, "attentions": LAYERS}


def test_norms_differ_by_rounding(folders, untouched, kind, gone):
    model, ways = booted(folders(kind)), ShortWays()
    normalise_in_place(model.original_model, ways)
    ways.taken = True
    assert close(logits(model), logits(untouched))
    assert gone["norms"] > 0


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_see_what_they_saw(bridge, untouched, name):
    seen = []
    for model in (bridge, untouched):
        for layer in range(LAYERS):
            hook = (f"blocks.{layer}.{name}", lambda a, hook: seen.append(a.clone()))
            logits(model, hook)
    assert len(seen) == 2 * LAYERS
    assert all(close(*pair) for pair in zip(seen[:LAYERS], seen[LAYERS:], strict=True))


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_edit_what_they_edited(bridge, untouched, name):
    def double(activation, hook):
        return activation.flip(0) * 1.5

    edit = (f"blocks.1.{name}", double)
    edited = logits(bridge, edit)
    assert close(edited, logits(untouched, edit))
    assert not close(edited, logits(bridge))


@pytest.mark.parametrize("name", HOOKS)
def test_what_a_hook_has_read_stays_as_it_read_it(bridge, name):
    kept, copies = [], []

    def keep(activation, hook):
        kept.append(activation)
        copies.append(activation.clone())

    logits(bridge, (f"blocks.0.{name}", keep))
    assert torch.equal(kept[0], copies[0])


@pytest.mark.parametrize("name", ["attn.hook_pattern", "attn.hook_attn_scores"])
def test_a_layer_whose_pattern_is_read_goes_another_way(bridge, gone, name):
    logits(bridge, (f"blocks.1.{name}", lambda pattern, hook: None))
    assert gone["attentions"] == LAYERS - 1
    logits(bridge)
    assert gone["attentions"] == LAYERS - 1 + LAYERS


def test_an_mlp_whose_gates_are_read_goes_its_own_way(bridge, gone):
    logits(bridge, ("blocks.1.mlp.hook_pre", lambda gates, hook: None))
    assert gone["mlps"] == LAYERS - 1


@torch.no_grad()
def test_scores_differ_from_those_of_the_mask_by_rounding(bridge, kind):
    """With a window, in rows that it does not cover, by the mask; else as each sees what was."""
    queries = torch.randn(2, 4, 12, 8, generator=torch.Generator().manual_seed(1))
    keys, values = queries[:, ::2].flip(2), queries[:, 1::2]
    attention = bridge.blocks[0].attn
    for window in (4, 12):
        hidden = torch.full((12, 12), torch.finfo(torch.float32).min)
        mask = (hidden.triu(1) + hidden.tril(-window))[None, None]
        assert attending._is_causal(mask) == (window == 12)
        at_once = attending._at_once(attention, queries, keys, values, mask)
        scores = queries @ keys.repeat_interleave(2, 1).mT * attention.original_component.scaling
        expected = (scores + mask).softmax(-1) @ values.repeat_interleave(2, 1)
        torch.testing.assert_close(at_once, expected)
        by_pattern = attending._by_pattern(attention, queries, keys, values, mask)
        torch.testing.assert_close(by_pattern, expected)


def test_gradients_flow_as_they_did(changed, gone):
    found = []
    for model in changed:
        weights = model.original_model.model.layers[0].mlp.up_proj.original_component.weight
        weights.requires_grad_(True)
        model(TOKENS, use_cache=False).square().mean().backward()
        found.append(weights.grad)
    assert close(*found)
    assert found[1].abs().max() > 0
    assert not any(gone.values())


def test_other_dtypes_go_their_own_way(changed, gone):
    for model in changed:
        model.original_model.bfloat16()
    assert torch.equal(*map(logits, changed))
    assert not any(gone.values())


@pytest.mark.filterwarnings("error::circuit_assert.errors.SlowerWarning")
def test_a_loaded_model_tries_them_once_and_takes_them(folders, kind, gone):
    backend = load(Session().model(folders(kind)).spec)
    before = dict(gone)
    assert all(before.values())
    run(backend)
    assert gone["attentions"] == before["attentions"] + LAYERS
    assert gone["mlps"] == before["mlps"] + LAYERS


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_turned", lambda heads, cos, sin: heads * cos),
        ("_by_pattern", lambda attention, queries, keys, values, mask: queries),
    ],
)
def test_a_way_that_gives_something_else_is_not_taken(folders, monkeypatch, name, wrong):
    backend = load(Session().model(folders("Llama")).spec)
    own = run(backend)
    monkeypatch.setattr(attending, name, wrong)
    backend = TransformerLensBackend(
        booted(folders("Llama")), name="m", tokenizer=backend.tokenizer, card=backend.card
    )
    with pytest.warns(SlowerWarning, match="fewer steps"):
        made = run(backend)
    assert close(made, own)
    assert torch.equal(made, run(backend))


def test_the_noise_floor_is_looked_for_with_all_steps(folders, monkeypatch):
    """What shorter ways move counts as the engine's own doing."""
    engine = Executor(load(Session().model(folders("Llama")).spec))
    taken = []
    alone = Job.run_alone

    def watched(job, unit):
        taken.append(engine.backend._ways.taken)
        return alone(job, unit)

    monkeypatch.setattr(Job, "run_alone", watched)
    request = Request(Residual(Site(1, "resid_post")), PROMPTS)
    engine.run([request])
    assert engine.noise_floor(request) > 0
    assert taken
    assert not any(taken)
    assert engine.backend._ways.taken


def test_a_pattern_reads_the_same_beside_layers_that_keep_none(folders):
    backend = load(Session().model(folders("Gemma3")).spec)
    seen = []
    reads = {Site(layer, "pattern"): [seen.append] for layer in range(LAYERS)}
    residual = backend.run(TOKENS, reads=reads, edits={}, last_layer=LAYERS - 1)
    assert all(torch.allclose(pattern.sum(-1), torch.ones(1)) for pattern in seen)
    assert close(run(backend), residual)


def run(backend):
    return backend.run(TOKENS, reads={}, edits={}, last_layer=LAYERS - 1)
