"""Measurements against the same numbers worked out by hand."""

import numpy as np
import pytest
import torch

from circuit_assert import Prompt, PromptSet, repeated_tokens
from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.errors import HookError, PromptError
from circuit_assert.execution.executor import Executor
from circuit_assert.measurements import (
    AttentionOverPairs,
    DirectContribution,
    HeadOutputMoments,
    LogitDifference,
    Loss,
    NeuronActivations,
    Request,
)
from circuit_assert.measurements.prefix_matching import AttentionAfterOccurrences
from circuit_assert.measurements.surroundings import AttentionBeside
from circuit_assert.measurements.values import ValueNormOfFirst, ValueReader
from circuit_assert.models.planted_models import (
    attention_model,
    induction_model,
    lookup_model,
    lookup_prompts,
    role_prompts,
)
from circuit_assert.models.spec import spec_of

SEQUENCES = repeated_tokens(lengths=(4, 6, 8), sequences=6)
MODELS = {m.name: m for m in (induction_model(), induction_model(grouped_queries=True))}


@pytest.fixture(scope="module", params=MODELS)
def backend(request):
    return load(spec_of(MODELS[request.param]))


def measured(backend, measurement, prompts=SEQUENCES, side="clean"):
    engine = Executor(backend)
    request = Request(measurement, prompts, side)
    engine.run([request])
    return engine.store.scores[request], engine.store.tokenized(prompts)


def activations(backend, tokens, name):
    """One site of every layer: `[layer][pos, ...]`."""
    kept = {}
    reads = {
        Site(n, name): [lambda a, n=n: kept.update({n: a[0].clone()})]
        for n in range(backend.card.layers)
    }
    final = backend.run(
        torch.from_numpy(tokens)[None], reads=reads, edits={}, last_layer=backend.card.layers - 1
    )
    return [kept[layer] for layer in sorted(kept)], final[0]


@pytest.mark.parametrize("times", [2, 4])
def test_prefix_matching_by_sums_over_targets(backend, times):
    prompts_of = repeated_tokens(lengths=(4, 6, 8), sequences=6, times=times)
    per_query, prompts = measured(backend, AttentionAfterOccurrences("queries"), prompts_of)
    per_row, _ = measured(backend, AttentionAfterOccurrences("rows"), prompts_of)
    for unit in range(len(prompts_of)):
        row = prompts.tokens["clean"][unit]
        earlier = [[j for j in range(q) if row[j] == row[q]] for q in range(len(row))]
        patterns, _ = activations(backend, row, "pattern")
        for layer, pattern in enumerate(patterns):
            sums = torch.stack(
                [
                    pattern[:, q, [j + 1 for j in before]].sum(-1)
                    for q, before in enumerate(earlier)
                    if before
                ]
            )
            np.testing.assert_allclose(per_query[unit, layer], sums.mean(0), atol=1e-6)
            np.testing.assert_allclose(per_row[unit, layer], sums.sum(0) / len(row), atol=1e-6)


@pytest.mark.parametrize("times", [2, 4])
def test_the_head_detector_score_is_that_of_transformer_lens(backend, times):
    from transformer_lens import head_detector

    prompts_of = repeated_tokens(lengths=(4, 6, 8), sequences=6, times=times)
    scores, prompts = measured(backend, AttentionAfterOccurrences("rows"), prompts_of)
    row = prompts.tokens["clean"][1]
    expected = head_detector.get_induction_head_detection_pattern(torch.from_numpy(row)[None])
    for layer, pattern in enumerate(activations(backend, row, "pattern")[0]):
        for head in range(backend.card.heads):
            theirs = head_detector.compute_head_attention_similarity_score(
                pattern[head],
                detection_pattern=expected,
                exclude_bos=False,
                exclude_current_token=False,
                error_measure="mul",
            )
            assert scores[1, layer, head] == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("side", ["clean", "corrupt"])
def test_attention_to_the_token_after_the_previous_occurrence(backend, side):
    scores, prompts = measured(backend, AttentionOverPairs("induction"), side=side)
    for unit, length in enumerate((4, 6, 8, 4, 6, 8)):
        patterns, _ = activations(backend, prompts.tokens[side][unit], "pattern")
        for layer, pattern in enumerate(patterns):
            queries = range(1 + length, 1 + 2 * length)
            by_hand = torch.stack([pattern[:, q, q - length + 1] for q in queries]).mean(0)
            np.testing.assert_allclose(scores[unit, layer], by_hand, atol=1e-6)


def test_the_token_after_the_previous_occurrence_is_the_right_answer():
    """The pair's key holds the token that follows the query's in the repeated block."""
    backend = load(spec_of(induction_model()))
    prompts = SEQUENCES.tokenize(backend.tokenizer)
    for unit in range(len(SEQUENCES)):
        row = prompts.tokens["clean"][unit]
        for query, key in prompts.pairs["induction"][unit]:
            if query + 1 < len(row):
                assert row[key] == row[query + 1]
        for position, token in prompts.targets["clean"][unit]:
            assert row[position + 1] == token


def test_attention_between_roles():
    backend, task = load(spec_of(lookup_model())), lookup_prompts(templates=3, per_template=2)
    scores, prompts = measured(backend, AttentionOverPairs("end→cue"), task)
    for unit in range(len(task)):
        patterns, _ = activations(backend, prompts.tokens["clean"][unit], "pattern")
        for layer, pattern in enumerate(patterns):
            by_hand = pattern[:, -1, prompts.positions["cue"][unit]]
            np.testing.assert_allclose(scores[unit, layer], by_hand, atol=1e-6)
    assert scores[:, 1, 2].min() > 0.99  # this head looks for the cue and nothing else


def test_attention_beside_a_role():
    backend, task = load(spec_of(attention_model())), role_prompts(templates=4, per_template=2)
    scores, prompts = measured(backend, AttentionBeside("end", "owner"), task)
    for unit in range(len(task)):
        patterns, _ = activations(backend, prompts.tokens["clean"][unit], "pattern")
        place = prompts.positions["owner"][unit]
        by_hand = torch.maximum(patterns[0][:, -1, place - 1], patterns[0][:, -1, place + 1])
        np.testing.assert_allclose(scores[unit, 0], by_hand, atol=1e-6)
    assert scores[:, 0, 10].max() > 0.5  # two back, where the owner is three back


@pytest.mark.parametrize(
    ("at", "role"), [("w2", "w1"), ("w1", "w1")], ids=["between its own and the first", "itself"]
)
def test_the_first_token_and_the_attending_one_are_not_beside(at, role):
    backend = load(spec_of(attention_model()))
    text = "w1 w2 w3"
    roles = {"at": text[: text.index(at) + 2], "role": text[: text.index(role) + 2]}
    task = PromptSet.from_list([Prompt(text, positions=roles)] * 2)
    scores, _ = measured(backend, AttentionBeside("at", "role"), task)
    assert np.abs(scores).max() == 0


def test_value_norms_of_the_first_position(backend):
    scores, prompts = measured(backend, ValueNormOfFirst())
    card = backend.card
    for unit in range(len(SEQUENCES)):
        values, _ = activations(backend, prompts.tokens["clean"][unit], "v")
        for layer in range(card.layers):
            w_o = backend.head_output_weights(layer)
            for head in range(card.heads):
                own = values[layer][:, head // (card.heads // card.kv_heads)]
                norms = (own @ w_o[head]).norm(dim=-1)
                by_hand = norms[0] / norms[1:].mean()
                assert scores[unit, layer, head] == pytest.approx(
                    float(by_hand), rel=1e-3, abs=1e-4, nan_ok=True
                )


def test_values_that_attention_does_not_read_are_an_error(backend, monkeypatch):
    """Where heads of a group were given each other's values."""
    turned = ValueReader._by_query_head
    monkeypatch.setattr(
        ValueReader, "_by_query_head", lambda self, v: turned(self, v).roll(1, dims=2)
    )
    with pytest.raises(HookError, match="not what its heads read"):
        measured(backend, ValueNormOfFirst())


def test_an_unknown_relation_is_named(backend):
    with pytest.raises(PromptError, match="no relation 'sideways'; they have: induction"):
        measured(backend, AttentionOverPairs("sideways"))


def test_direct_contributions_and_the_rest_add_up_to_the_centred_logit(backend):
    """These models have no other paths: heads, the embedding, and MLPs that write nothing."""
    scores, prompts = measured(backend, DirectContribution())
    for unit in range(len(SEQUENCES)):
        row, targets = prompts.tokens["clean"][unit], prompts.targets["clean"][unit]
        first, final = activations(backend, row, "resid_pre")
        logits = backend._bridge(torch.from_numpy(row)[None])[0]
        positions, tokens = torch.from_numpy(targets).T
        centred = (logits - logits.mean(-1, keepdim=True))[positions, tokens]
        embedded = (first[0][positions] * backend.unembedding(tokens)).sum(-1)
        embedded = embedded / backend.final_scale(final[positions])
        total = scores[unit].sum() + float(embedded.mean())
        assert total == pytest.approx(float(centred.mean()), abs=1e-3)


def test_head_output_moments(backend):
    scores, prompts = measured(backend, HeadOutputMoments())
    for unit in range(len(SEQUENCES)):
        zs, _ = activations(backend, prompts.tokens["clean"][unit], "z")
        for layer, z in enumerate(zs):
            written = torch.einsum("phd,hdm->phm", z[1:], backend.head_output_weights(layer))
            squared = written.square().sum(-1).mean(0)
            np.testing.assert_allclose(scores[unit, layer, :, 0], squared, rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(scores[unit, layer, :, 1:], z[1:].mean(0), atol=1e-5)


def test_a_loss_may_be_taken_at_some_places(backend):
    every, prompts = measured(backend, Loss(places=0))
    some, _ = measured(backend, Loss(places=2))
    unit = 2  # a block of eight: seven targets
    targets = prompts.targets["clean"][unit]
    logits = backend._bridge(torch.from_numpy(prompts.tokens["clean"][unit])[None])[0]
    losses = [-float(logits[p].log_softmax(-1)[t]) for p, t in targets]
    assert every[unit] == pytest.approx(np.mean(losses), abs=1e-4)
    assert some[unit] == pytest.approx(np.mean([losses[0], losses[-1]]), abs=1e-4)


def test_neurons_are_padded_after_the_last_token():
    backend, task = load(spec_of(lookup_model())), lookup_prompts(templates=6, per_template=2)
    scores, prompts = measured(backend, NeuronActivations(1, (3, 0)), task)
    averages, _ = measured(backend, NeuronActivations(1), task)
    lengths = [len(row) for row in prompts.tokens["clean"]]
    assert len(set(lengths)) > 1
    for unit, length in enumerate(lengths):
        hidden, _ = activations(backend, prompts.tokens["clean"][unit], "mlp_post")
        np.testing.assert_allclose(scores[unit, :length], hidden[1][:, [3, 0]], atol=1e-5)
        assert np.isnan(scores[unit, length:]).all()
        np.testing.assert_allclose(averages[unit], hidden[1][1:].abs().mean(0), atol=1e-5)


def test_a_logit_needs_answers(backend):
    with pytest.raises(PromptError, match="no answers"):
        measured(backend, LogitDifference())
