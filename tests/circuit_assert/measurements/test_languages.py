"""Peaks of features, logits of all answers and the logit lens, against plain computations."""

import numpy as np
import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.claims.languages.overlapping import beyond_unrelated, overlaps
from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.execution.executor import Executor
from circuit_assert.measurements import Request
from circuit_assert.measurements.answers import AnswerLogits, tokens_of
from circuit_assert.measurements.lens import LensOfAnswers
from circuit_assert.measurements.peaks import MLPNeurons, Peaks, counted
from circuit_assert.measurements.unembedded import AnswerDistance
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_paragraphs,
    translating_model,
)
from circuit_assert.models.spec import spec_of

ON = planted_antonyms("fr", per_concept=2)
PARAGRAPHS = planted_paragraphs(5).where(language="fr")


@pytest.fixture(scope="module")
def languages():
    return load(spec_of(languages_model("shared")))


def measured(backend, measurement, prompts):
    engine = Executor(backend)
    request = Request(measurement, prompts)
    engine.run([request])
    return engine.store.scores[request], engine.store.tokenized(prompts)


def streams(backend, tokens, name):
    """One site of every layer: `[layer][pos, ...]`."""
    kept = {}
    reads = {
        Site(n, name): [lambda a, n=n: kept.update({n: a[0].clone()})]
        for n in range(backend.card.layers)
    }
    backend.run(
        torch.from_numpy(tokens)[None], reads=reads, edits={}, last_layer=backend.card.layers - 1
    )
    return [kept[layer] for layer in sorted(kept)]


def logits(backend, residual):
    every = torch.arange(backend.card.vocabulary)[None]
    return backend.token_logits(residual[None], every)[0].double()


def test_answer_logits_and_the_lens(languages):
    found, prompts = measured(languages, AnswerLogits(), ON)
    lens, _ = measured(languages, LensOfAnswers(), ON)
    lengths, _ = measured(languages, AnswerDistance(), ON)
    unembedding = languages.unembedding()
    for unit in (0, 7, 31):
        layers = streams(languages, prompts.tokens["clean"][unit], "resid_post")
        last = logits(languages, layers[-1][-1])
        np.testing.assert_allclose(found[unit], last[tokens_of(prompts)], atol=1e-4)
        answer, foil = int(prompts.answers[unit]), int(prompts.foils[unit])
        for layer, stream in enumerate(layers):
            expected = torch.log_softmax(logits(languages, stream[-1]), 0)[[answer, foil]]
            np.testing.assert_allclose(lens[unit, layer], expected, atol=1e-4)
        apart = (unembedding[answer] - unembedding[foil]).norm()
        np.testing.assert_allclose(lengths[unit], apart, atol=1e-5)


def test_peaks_are_the_largest_activity_of_the_tokens_that_count():
    backend = load(spec_of(translating_model(("shared", "own"))))
    names = frozenset(n for n, w in enumerate(backend.tokenizer.ordinary_tokens()) if n > 240)
    of = (MLPNeurons(0), MLPNeurons(1))
    found, prompts = measured(backend, Peaks(of, 6, names), PARAGRAPHS)
    for unit, tokens in enumerate(prompts.tokens["clean"]):
        kept = [p for p in range(1, len(tokens)) if tokens[p] not in names][:6]
        for layer, activation in enumerate(streams(backend, tokens, "mlp_post")):
            both = torch.cat([activation, -activation], -1)[kept].amax(0)
            np.testing.assert_allclose(found[unit, layer], both, atol=1e-5)


def test_the_first_token_never_counts_and_texts_need_tokens_enough():
    tokens = np.array([0, 5, 6, 5, 7, 8])
    assert counted(tokens, 3, frozenset({5})).tolist() == [2, 4, 5]
    assert counted(tokens, 4, frozenset({5})).tolist() == []
    assert counted(tokens, 2, frozenset()).tolist() == [1, 2]


def test_overlaps_and_what_independent_sets_share():
    generator = np.random.default_rng(0)
    first, second = (generator.random((2, 30, 400)) < 0.1).astype(bool)
    shared = overlaps(first, second)
    one, other = (set(np.flatnonzero(side[k]).tolist()) for side, k in ((first, 3), (second, 8)))
    assert shared[3, 8] == pytest.approx(len(one & other) / len(one | other))
    a, b = len(one) / 400, len(other) / 400
    lifted = overlaps(first, second, over_chance=True)
    assert lifted[3, 8] == pytest.approx(shared[3, 8] / (a * b / (a + b - a * b)))
    assert lifted.mean() == pytest.approx(1.0, abs=0.05)


def test_an_overlap_beyond_unrelated_ones_leaves_the_own_out():
    matrix = np.array([[0.9, 0.1, 0.3], [0.2, 0.8, 0.4], [0.1, 0.0, 0.7]])
    expected = [0.9 - (0.4 / 2 + 0.3 / 2) / 2, 0.8 - (0.6 / 2 + 0.1 / 2) / 2]
    np.testing.assert_allclose(beyond_unrelated(matrix)[:2], expected)


def test_empty_sets_share_nothing():
    empty = np.zeros((2, 5), bool)
    assert overlaps(empty, empty).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert overlaps(empty, ~empty, over_chance=True).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_prompts_without_foils_are_refused(languages):
    for measurement in (AnswerLogits(), LensOfAnswers(), AnswerDistance()):
        with pytest.raises(PromptError, match="an answer and a foil"):
            measured(languages, measurement, _without_answers())


def _without_answers():
    from dataclasses import replace

    bare = tuple(replace(p, answer=None, foil=None) for p in ON)
    return replace(ON, prompts=bare)
