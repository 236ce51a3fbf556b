"""Explanations of planted neurons: true ones, decoys, and random weights."""

import re

import numpy as np
import pytest

from circuit_assert import (
    Session,
    explanation,
    explanation_predicts_activity,
    explanation_simulates_activity,
)
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import (
    explained_documents,
    explained_model,
    feature_dictionary,
    feature_documents,
    feature_model,
)
from circuit_assert.models.planted_models.explained import CUES, FAMILY, SINGLE
from circuit_assert.stats import Verdict

ON = explained_documents()
FAMILY_WORDS = explanation("w1 to w12", FAMILY)


def _after_a_cue(tokens, i):
    return i > 0 and tokens[i].strip() in FAMILY and tokens[i - 1].strip() in CUES


AFTER_A_CUE = explanation("w1 to w12 after w25 to w32", _after_a_cue)


class Nearest:
    """A classifier of embeddings: near the family's mean or not."""

    def predict(self, rows):
        return (np.asarray(rows) @ np.ones(2) > 1.5).astype(float)


def embed(tokens):
    return np.array([[token.strip() in FAMILY, token.startswith(" ")] for token in tokens], float)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gated"])
def model(model_of, request):
    return model_of(explained_model(gated=request.param))


def check(component, said, by=0.3):
    return explanation_predicts_activity(component, said, on=ON, by=by).check()


@pytest.mark.parametrize(("neuron", "said"), [("L1N0", FAMILY_WORDS), ("L1N2", AFTER_A_CUE)])
def test_a_true_explanation_is_supported(model, neuron, said):
    evidence = check(model[neuron], said)
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


def test_an_explanation_may_come_in_any_form(model_of):
    neuron = model_of(explained_model())["L1N0"]
    pattern = explanation("a pattern", re.compile(r"\bw([1-9]|1[0-2])\b"))
    for said in (pattern, explanation("a classifier", Nearest(), embed=embed)):
        assert check(neuron, said).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("neuron", "said", "verdict", "why"),
    [
        ("L1N1", FAMILY_WORDS, Verdict.REFUTED, "weakest third"),
        ("L1N4", FAMILY_WORDS, Verdict.REFUTED, "accuracy"),
        ("L1N2", FAMILY_WORDS, Verdict.INCONCLUSIVE, "like tokens"),
        ("L1N3", explanation("w40 to w45", SINGLE), Verdict.INCONCLUSIVE, "one token"),
        ("L2N0", FAMILY_WORDS, Verdict.INCONCLUSIVE, "other components"),
        ("L1N0", explanation("anything", lambda _, i: True), Verdict.INCONCLUSIVE, "everywhere"),
    ],
)
def test_a_decoy_is_not_supported_for_its_own_reason(model, neuron, said, verdict, why):
    evidence = check(model[neuron], said)
    assert evidence.verdict is verdict, evidence.reason
    assert why in evidence.reason


def test_what_one_token_explains_is_explained_by_it(model_of):
    one = explanation("w40", {"w40"})
    evidence = check(model_of(explained_model())["L1N3"], one)
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


def test_activations_are_simulated(model):
    for neuron, verdict in (
        ("L1N0", Verdict.SUPPORTED),
        ("L1N4", Verdict.REFUTED),
        ("L2N0", Verdict.INCONCLUSIVE),
    ):
        evidence = explanation_simulates_activity(
            model[neuron], FAMILY_WORDS, on=ON, by=0.5
        ).check()
        assert evidence.verdict is verdict, evidence.reason
    constant = explanation("anything", lambda _, i: True)
    evidence = explanation_simulates_activity(model["L1N0"], constant, on=ON, by=0.5).check()
    assert "constant" in evidence.reason


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(explained_model().with_random_weights(seed))
    claims = [
        explanation_predicts_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=0.05),
        explanation_predicts_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=0.05, share=0.1),
        explanation_simulates_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=0.05),
    ]
    for evidence in model.court.evaluate(claims):
        assert evidence.verdict is not Verdict.SUPPORTED, evidence.reason


def test_a_latent_is_explained_too(model_of):
    latents = model_of(feature_model()).with_dictionary(feature_dictionary())
    on = feature_documents(documents=64)
    cyrillic = explanation("Cyrillic words", re.compile("ж[0-9]+"))
    for latent, verdict in (("L0F0", Verdict.SUPPORTED), ("L0F1", Verdict.REFUTED)):
        evidence = explanation_predicts_activity(latents[latent], cyrillic, on=on, by=0.3).check()
        assert evidence.verdict is verdict, evidence.reason


def test_the_evidence_says_how_it_scores(model_of):
    finding = check(model_of(explained_model())["L1N0"], FAMILY_WORDS).findings[0]
    notes = " ".join(finding.notes)
    assert "recall" in notes
    assert "averaged by document" in notes
    assert "r = " in notes


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(explained_model())
    with pytest.raises(ComponentError, match="about one feature"):
        explanation_predicts_activity(model["L1H0"], FAMILY_WORDS, on=ON, by=0.1)
    with pytest.raises(ClaimError, match=r"below 0\.5"):
        explanation_predicts_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=0.8)
    with pytest.raises(ClaimError, match="share"):
        explanation_predicts_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=0.1, share=1.0)
    with pytest.raises(ClaimError, match="correlation"):
        explanation_simulates_activity(model["L1N0"], FAMILY_WORDS, on=ON, by=1.0)
    with pytest.raises(PromptError, match="set of tokens"):
        explanation("the", "the")
    with pytest.raises(PromptError, match="names no token"):
        explanation("nothing", set())


def test_explanations_of_one_name_are_different_claims():
    model = Session().model(explained_model())
    said = [
        explanation("odd words", rule) for rule in (lambda t, i: i % 2 == 1, lambda t, i: i > 3)
    ]
    one, other = (
        explanation_predicts_activity(model["L1N0"], each, on=ON, by=0.1) for each in said
    )
    assert one.id != other.id
    assert one.sentence == other.sentence
