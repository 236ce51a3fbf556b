"""Neurons of one meaning: a true one, one that is only so at its most active, and others."""

import numpy as np
import pytest

from circuit_assert import Session, explanation, neuron_is_monosemantic, token_label
from circuit_assert.claims.single_features.levels import (
    BeyondShuffledLabels,
    Meaning,
    WeightedPrecision,
)
from circuit_assert.components import Neuron
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import explained_documents, explained_model
from circuit_assert.models.planted_models.explained import FAMILY, SINGLE
from circuit_assert.stats import Verdict

ON = explained_documents()
FAMILY_WORDS = explanation("w1 to w12", FAMILY)
ANYTHING = token_label("anything", lambda piece: True)
EITHER = explanation("w1 to w24", {f"w{n}" for n in range(1, 25)})


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gated"])
def model(model_of, request):
    return model_of(explained_model(gated=request.param))


def check(neuron, meaning=FAMILY_WORDS, *, by=0.8, **options):
    return neuron_is_monosemantic(neuron, meaning, on=ON, by=by, **options).check()


def test_a_neuron_of_one_meaning_is_supported(model):
    evidence = check(model["L1N0"])
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize(
    ("neuron", "meaning", "verdict", "why"),
    [
        ("L1N1", FAMILY_WORDS, Verdict.REFUTED, "level 1 of 5"),
        ("L1N4", FAMILY_WORDS, Verdict.REFUTED, "level"),
        ("L1N5", FAMILY_WORDS, Verdict.REFUTED, "level"),
        ("L1N0", ANYTHING, Verdict.INCONCLUSIVE, "beyond shuffled labels"),
        ("L2N0", EITHER, Verdict.INCONCLUSIVE, "beyond other neurons"),
        ("L1N3", explanation("w41 to w45", SINGLE - {"w40"}), Verdict.REFUTED, "level"),
    ],
)
def test_a_decoy_is_not_supported_for_its_own_reason(model, neuron, meaning, verdict, why):
    evidence = check(model[neuron], meaning)
    assert evidence.verdict is verdict, evidence.reason
    assert why in evidence.reason


def test_the_largest_activations_alone_say_otherwise(model):
    """L1N1's twenty largest activations are all of the family, and so is its highest level."""
    highest = check(model["L1N1"]).findings[4]
    assert "of its 20 largest activations 20 have the label" in highest.notes
    assert highest.verdict is Verdict.SUPPORTED


def test_a_share_does_not_hide_the_rest(model):
    """Where L1N1 is most active it has one meaning, and much of what it writes is elsewhere."""
    evidence = check(model["L1N1"], share=0.08, levels=2)
    assert evidence.verdict is Verdict.INCONCLUSIVE, evidence.reason
    assert "most of it" in evidence.reason


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(explained_model().with_random_weights(seed))
    claims = [
        neuron_is_monosemantic(model["L1N0"], FAMILY_WORDS, on=ON, by=0.1, share=share)
        for share in (None, 0.1)
    ]
    for evidence in model.court.evaluate(claims):
        assert evidence.verdict is not Verdict.SUPPORTED, evidence.reason


def test_precision_is_what_counting_by_hand_gives(model_of):
    """From the words and the strengths in the weights: no jitter matters at the lowest level."""
    model = model_of(explained_model())
    of = Meaning(Neuron(1, 1), token_label("family", lambda piece: piece.strip() in FAMILY), ON)
    measure = model.explore()
    found = [measure(WeightedPrecision(of, level, 3, 0.0)).values.mean() for level in (1, 2, 3)]
    (activity,) = model.measure([of.request(None)])
    documents = list(ON.half("test"))
    weights, labels = [], []
    for row, document in zip(activity, documents, strict=True):
        words = document.text.split()
        weights += row[1 : 1 + len(words)].tolist()
        labels += [word in FAMILY for word in words]
    edges = (0.0, *_thirds(model, of), np.inf)
    for level, precision in enumerate(found):
        low, high = edges[level], edges[level + 1]
        chosen = [(w, said) for w, said in zip(weights, labels, strict=True) if low < w <= high]
        expected = sum(w for w, said in chosen if said) / sum(w for w, _ in chosen)
        assert precision == pytest.approx(expected, abs=1e-5)


def _thirds(model, of):
    (activity,) = model.measure([of.activity("discovery").request(None)])
    active = activity[:, 1:][activity[:, 1:] > 0]
    return np.quantile(active, [1 / 3, 2 / 3])


def test_shuffled_labels_leave_what_other_documents_have(model_of):
    of = Meaning(Neuron(1, 0), ANYTHING, ON)
    values = model_of(explained_model()).explore()(BeyondShuffledLabels(of)).values
    np.testing.assert_allclose(values, 0.0, atol=1e-12)


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(explained_model())
    with pytest.raises(ComponentError):
        neuron_is_monosemantic(model["L1H0"], FAMILY_WORDS, on=ON, by=0.5)
    for wrong, words in (({"by": 1.0}, "by"), ({"by": 0.5, "share": 0.7}, "share")):
        with pytest.raises(ClaimError, match=words):
            neuron_is_monosemantic(model["L1N0"], FAMILY_WORDS, on=ON, **wrong)
    with pytest.raises(ClaimError, match="levels"):
        neuron_is_monosemantic(model["L1N0"], FAMILY_WORDS, on=ON, by=0.5, levels=1)


def test_the_sentence_says_what_is_looked_at():
    neuron = Session().model(explained_model())["L1N0"]
    claim = neuron_is_monosemantic(neuron, FAMILY_WORDS, on=ON, by=0.5, share=0.05)
    assert claim.sentence.startswith(
        "L1N0 has one meaning, w1 to w12 at the 0.05 of positions where it is most active"
    )
