"""The backend against the plain model underneath it."""

import pytest
import torch

from circuit_assert.backends.base import Resume
from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.errors import HookError, ModelError
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import spec_of


def plain_logits(backend, tokens):
    """The module's own forward pass, without hooks."""
    with torch.no_grad():
        return backend._bridge.original_model(tokens)


def whole_run(backend, tokens, reads=None):
    last = backend.card.layers - 1
    return backend.run(tokens, reads=reads or {}, edits={}, last_layer=last)


def flat(residual, chosen):
    return residual.reshape(-1, residual.shape[-1]), chosen.reshape(-1, *chosen.shape[2:])


def test_logits_are_those_of_the_plain_model(backend, tokens):
    logits = plain_logits(backend, tokens)
    some = torch.arange(backend.card.vocabulary).expand(3, 9, -1)
    ours = backend.token_logits(*flat(whole_run(backend, tokens), some))
    torch.testing.assert_close(ours.view_as(logits), logits, atol=1e-4, rtol=1e-5)


def test_log_probabilities_and_centred_logits(backend, tokens):
    logits, final = plain_logits(backend, tokens), whole_run(backend, tokens)
    following = tokens.roll(-1, 1)
    expected = logits.log_softmax(-1).gather(2, following[..., None]).reshape(-1, 1)
    found = backend.log_probabilities(*flat(final, following[..., None]))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-5)

    centred = (logits - logits.mean(-1, keepdim=True)).gather(2, following[..., None])
    found = backend.centred_logits(*flat(final, following[..., None]))
    torch.testing.assert_close(found, centred.reshape(-1, 1), atol=1e-4, rtol=1e-5)


def test_the_top_tokens_have_the_largest_logits(backend, tokens):
    logits, final = plain_logits(backend, tokens), whole_run(backend, tokens)
    top = backend.top_tokens(final.reshape(-1, final.shape[-1]), 5).view(3, 9, 5)
    chosen = logits.gather(2, top)
    torch.testing.assert_close(chosen, logits.topk(5).values, atol=1e-4, rtol=1e-5)


def test_the_unembedding_times_the_scaled_residual_is_the_centred_logit(backend, tokens):
    final = whole_run(backend, tokens)
    direct = final @ backend.unembedding().T / backend.final_scale(final)[..., None]
    logits = plain_logits(backend, tokens)
    expected = logits - logits.mean(-1, keepdim=True)
    torch.testing.assert_close(direct, expected, atol=1e-3, rtol=1e-4)


def test_parts_add_up_to_the_residual_stream(backend, tokens):
    layers = range(backend.card.layers)
    kept = {}
    names = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "z", "mlp_post")
    sites = [Site(layer, name) for layer in layers for name in names]
    whole_run(backend, tokens, {s: [lambda a, s=s: kept.update({s: a.clone()})] for s in sites})
    for layer in layers:
        pre, mid, post, attn, mlp, z, hidden = (kept[Site(layer, name)] for name in names)
        heads = torch.einsum("bphd,hdm->bpm", z, backend.head_output_weights(layer))
        torch.testing.assert_close(heads, attn, atol=1e-4, rtol=1e-4)
        neurons = hidden @ backend.neuron_output_weights(layer)
        torch.testing.assert_close(neurons, mlp, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(pre + attn, mid, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(mid + mlp, post, atol=1e-5, rtol=1e-5)


def test_patterns_are_causal_and_sum_to_one(backend, tokens):
    kept = []
    whole_run(backend, tokens, {Site(1, "pattern"): [kept.append]})
    assert kept[0].shape == (3, backend.card.heads, 9, 9)
    torch.testing.assert_close(kept[0].sum(-1), torch.ones(3, backend.card.heads, 9))
    assert float(kept[0].triu(1).abs().max()) == 0.0


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_run_resumed_at_any_block_gives_the_same(backend, tokens, rows):
    assert backend.can_resume
    some = tokens[:rows]
    entering = {}
    layers = range(backend.card.layers)
    reads = {Site(n, "resid_pre"): [lambda a, n=n: entering.update({n: a.clone()})] for n in layers}
    whole = whole_run(backend, some, reads)
    for layer in layers:
        before = backend.blocks_run
        resumed = backend.run(
            some,
            reads={},
            edits={},
            last_layer=backend.card.layers - 1,
            resume=Resume(layer, entering[layer]),
        )
        assert torch.equal(whole, resumed)
        assert backend.blocks_run - before == backend.card.layers - layer


def test_a_resumed_run_leaves_no_trace(backend, tokens):
    before = whole_run(backend, tokens)
    resume = Resume(1, torch.randn(3, 9, backend.card.d_model))
    backend.run(tokens, reads={}, edits={}, last_layer=1, resume=resume)
    assert torch.equal(before, whole_run(backend, tokens))


def test_an_interrupted_resume_leaves_no_trace(backend, tokens):
    def fail(activation):
        raise RuntimeError("on purpose")

    before = whole_run(backend, tokens)
    resume = Resume(1, torch.randn(3, 9, backend.card.d_model))
    with pytest.raises(RuntimeError, match="on purpose"):
        backend.run(tokens, reads={Site(1, "z"): [fail]}, edits={}, last_layer=1, resume=resume)
    assert torch.equal(before, whole_run(backend, tokens))


def test_a_run_ends_at_its_last_layer(backend, tokens):
    for last in range(backend.card.layers):
        kept = []
        before = backend.blocks_run
        reads = {Site(last, "resid_post"): [kept.append]}
        left = backend.run(tokens, reads=reads, edits={}, last_layer=last)
        assert backend.blocks_run - before == last + 1
        assert torch.equal(left, kept[0])


def test_an_edit_is_seen_by_reads_and_by_what_follows(backend, tokens):
    kept = []
    site = Site(0, "resid_post")
    edited = backend.run(
        tokens,
        reads={site: [kept.append]},
        edits={site: [lambda a: a * 0 + 1.0]},
        last_layer=1,
    )
    assert bool((kept[0] == 1.0).all())
    assert not torch.equal(edited, backend.run(tokens, reads={}, edits={}, last_layer=1))


def test_an_edit_between_attention_and_mlp_stays_in_the_stream(backend, tokens):
    """As if attention had written it: the MLP reads it, and so does everything after."""
    added = torch.linspace(-1, 1, backend.card.d_model)
    last = backend.card.layers - 1
    for layer in range(backend.card.layers):
        by_attention, in_between = (
            backend.run(
                tokens, reads={}, edits={Site(layer, name): [lambda a: a + added]}, last_layer=last
            )
            for name in ("attn_out", "resid_mid")
        )
        torch.testing.assert_close(by_attention, in_between, atol=1e-4, rtol=1e-5)
        assert not torch.allclose(in_between, whole_run(backend, tokens), atol=1e-2)


def test_a_site_that_never_fires_is_an_error(backend, tokens):
    with pytest.raises(HookError, match=r"no activation passed L1\.z"):
        backend.run(tokens, reads={Site(1, "z"): [lambda a: None]}, edits={}, last_layer=0)


def test_reading_changes_nothing(backend, tokens):
    reads = {Site(0, name): [lambda a: None] for name in ("z", "pattern", "resid_mid", "mlp_post")}
    assert torch.equal(whole_run(backend, tokens, reads), whole_run(backend, tokens))


def test_fingerprints_tell_one_weight_apart():
    planted = induction_model()
    first, same = load(spec_of(planted)), load(spec_of(planted))
    assert first.fingerprint == same.fingerprint
    with torch.no_grad():
        same._bridge.original_model.head.weight[5, 7] += 1e-6

    from circuit_assert.backends.transformer_lens import _fingerprint

    changed = _fingerprint(same._bridge.original_model, f"planted/{same.dtype}")
    assert changed != first.fingerprint
    assert load(spec_of(planted, dtype="bfloat16")).fingerprint != first.fingerprint
    assert load(spec_of(planted.with_random_weights(0))).fingerprint != first.fingerprint


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["tok_embed.weight", "head.weight", "layers.1.attn.v.weight"])
def test_weights_that_are_no_numbers_are_refused(name, value):
    from dataclasses import replace

    planted = induction_model()

    def weights():
        made = dict(planted.weights())
        made[name] = made[name].clone()
        made[name][-1, -1] = value  # no token of the checks at load comes near it
        return made

    with pytest.raises(ModelError, match=f"not finite numbers, in {name}"):
        load(spec_of(replace(planted, name="broken", weights=weights)))


def test_an_unknown_dtype_is_named():
    with pytest.raises(ModelError, match="float32, bfloat16, float16; got 'int8'"):
        load(spec_of(induction_model(), dtype="int8"))


def test_the_logarithm_of_a_probability_near_one_is_tiny_and_not_none(backend, monkeypatch):
    logits = torch.full((1, 60), 105.0)
    logits[0, 3] = 120.0
    monkeypatch.setattr(type(backend), "all_logits", lambda self, residual: logits)
    found = backend.log_probabilities(torch.zeros(1, backend.card.d_model), torch.tensor([[3]]))
    expected = logits.double().log_softmax(-1)[[0], 3:4]
    torch.testing.assert_close(found.double(), expected, rtol=0.02, atol=0)
