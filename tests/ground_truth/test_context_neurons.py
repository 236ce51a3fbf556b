"""Neurons of a context: a true one, one that nothing needs, and others that do not tell it."""

from dataclasses import replace

import numpy as np
import pytest

from circuit_assert import PromptSet, Session, document_label, neuron_is_context_neuron
from circuit_assert.claims.contexts.cuts import best_cut, best_of_all, shuffled
from circuit_assert.claims.contexts.detecting import Detection, InContext
from circuit_assert.claims.contexts.using import LossInContext
from circuit_assert.components import Neuron
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import Request
from circuit_assert.measurements.mean_activations import MeanActivations
from circuit_assert.models.planted_models import context_documents, context_model
from circuit_assert.models.planted_models.contexts import NORTH
from circuit_assert.stats import Verdict

ON = context_documents()
NORTHERN, SOUTHERN = (document_label("kind", kind) for kind in (NORTH, "south"))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gated"])
def model(model_of, request):
    return model_of(context_model(gated=request.param))


def check(neuron, context=NORTHERN, **options):
    return neuron_is_context_neuron(neuron, context, on=ON, by=0.85, **options).check()


@pytest.mark.parametrize(("neuron", "context"), [("L0N0", NORTHERN), ("L0N1", SOUTHERN)])
def test_a_neuron_of_a_context_is_one(model, neuron, context):
    evidence = check(model[neuron], context)
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize(
    ("neuron", "verdict"),
    [("L0N1", Verdict.REFUTED), ("L0N3", Verdict.INCONCLUSIVE), ("L0N4", Verdict.REFUTED)],
)
def test_what_does_not_tell_it_is_not_supported(model, neuron, verdict):
    """L0N3 tells it a little: two thirds of the northern documents have its word."""
    evidence = check(model[neuron])
    assert evidence.verdict is verdict, evidence.reason
    assert "detection" in evidence.reason


def test_to_be_decodable_is_not_to_be_used(model):
    """L0N2 tells northern documents as well as L0N0 does."""
    evidence = check(model["L0N2"], loss=0.02)
    assert evidence.verdict is Verdict.REFUTED, evidence.reason
    assert "use" in evidence.reason
    assert evidence.findings[0].verdict is Verdict.SUPPORTED
    assert check(model["L0N2"]).verdict is not Verdict.SUPPORTED


def test_contexts_of_no_meaning_are_told_by_no_neuron(model_of):
    """Half of the documents, by their number: some neuron has a fair F1 where it is looked for."""
    model = model_of(context_model())
    prompts = [
        replace(prompt, clusters={**prompt.clusters, "kind": "odd" if n % 2 else "even"})
        for n, prompt in enumerate(ON)
    ]
    on = PromptSet.from_list(prompts, name="numbered", cluster_by="document")
    claims = [
        neuron_is_context_neuron(model[f"L0N{n}"], document_label("kind", "odd"), on=on, by=0.5)
        for n in range(0, 40, 5)
    ]
    verdicts = [evidence.verdict for evidence in model.court.evaluate(claims)]
    assert Verdict.SUPPORTED not in verdicts


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(context_model().with_random_weights(seed))
    evidence = neuron_is_context_neuron(model["L0N0"], NORTHERN, on=ON, by=0.5).check()
    assert evidence.verdict is not Verdict.SUPPORTED, evidence.reason


def test_the_more_were_searched_the_more_is_found_by_chance(model_of):
    model = model_of(context_model())
    one, many, beyond = (check(model["L0N0"], searched=n) for n in (1, 120, 121))
    best = [each.findings[2].notes[0] for each in (one, many)]
    assert "1 neurons were searched" in best[0]
    assert float(best[0].rsplit(" ", 1)[1]) < float(best[1].rsplit(" ", 1)[1])
    assert beyond.verdict is Verdict.INCONCLUSIVE
    assert "the model has fewer" in beyond.reason


def test_means_are_those_of_the_activations(model_of):
    model = model_of(context_model())
    of = InContext(Neuron(0, 0), NORTHERN, ON)
    words = [[int(word[1:]) for word in prompt.text.split()] for prompt in ON.half("test")]
    kinds = np.array([0, *40 * [0], *20 * [1], *20 * [-1]])
    expected = []
    for row in words:
        seen = np.cumsum([0.0, *kinds[row]]) / np.arange(1, len(row) + 2)
        expected.append(np.maximum(4 * seen - 0.1, 0)[1:].mean())
    (found,) = model.measure([Request(MeanActivations(0), ON.half("test"))])
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)
    measured = model.explore()(Detection(of))
    north = np.array([prompt.clusters["kind"] == NORTH for prompt in ON.half("test")])
    assert len(measured.values) >= north.sum()


def test_the_others_keep_their_loss_without_it(model_of):
    """What it is replaced by is what it has in documents of other contexts."""
    found = model_of(context_model()).explore()(
        LossInContext(InContext(Neuron(0, 0), NORTHERN, ON))
    )
    words = found.notes[0]
    inside, outside = float(words.split(" ")[0]), float(words.split(", ")[1].split(" ")[0])
    assert inside > 0.05
    assert abs(outside) < 0.02


def test_the_best_threshold_is_that_of_all():
    generator = np.random.default_rng(0)
    values = np.round(generator.standard_normal((6, 30)), 1)
    labels = generator.random(30) < 0.4
    best = []
    for row in values:
        sign = 1 if row[labels].mean() >= 0 else -1
        scores = []
        for edge in np.unique(sign * row)[:-1]:
            called = sign * row > edge
            scores.append(2 * (called & labels).sum() / (called.sum() + labels.sum()))
        found = best_cut(row, labels)
        called = sign * row > found[1]
        assert found[2] == pytest.approx(max(scores))
        assert found[2] == pytest.approx(
            2 * (called & labels).sum() / (called.sum() + labels.sum())
        )
        best.append(max(scores))
    ranked = np.argsort(-values, axis=1)
    assert best_of_all(values, ranked, labels) >= max(best)


def test_translations_exchange_their_contexts_among_themselves():
    generator = np.random.default_rng(0)
    labels = np.array([True, False, False] * 8)
    inside = shuffled(labels, [str(n // 3) for n in range(24)], generator)
    assert (inside.reshape(8, 3).sum(1) == 1).all()
    assert not (inside == labels).all()
    whole = shuffled(np.repeat([True, False], 12), [str(n // 3) for n in range(24)], generator)
    assert set(whole.reshape(8, 3).sum(1)) == {0, 3}
    assert whole.sum() == 12


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(context_model())
    with pytest.raises(ComponentError):
        neuron_is_context_neuron(model["L0H0"], NORTHERN, on=ON, by=0.5)
    with pytest.raises(ClaimError, match="F1"):
        neuron_is_context_neuron(model["L0N0"], NORTHERN, on=ON, by=1.0)
    with pytest.raises(ClaimError, match="searched"):
        neuron_is_context_neuron(model["L0N0"], NORTHERN, on=ON, by=0.5, searched=0)
