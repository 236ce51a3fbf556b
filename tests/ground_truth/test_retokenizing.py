"""A neuron that goes on with words, and neurons that matter as much elsewhere."""

import pytest

from circuit_assert import neuron_retokenizes
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import (
    neuron_documents,
    neuron_model,
    spelling_documents,
    spelling_model,
)
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PLANTED, DOCUMENTS = spelling_model(), spelling_documents()


def retokenizes(model, neuron, **more):
    return neuron_retokenizes(model[neuron], on=DOCUMENTS, **{"by": 0.1, **more})


def found(claim):
    return {finding.name: finding.verdict for finding in claim.check().findings}


def test_the_neuron_that_raises_endings_after_stems_retokenizes(model_of):
    assert retokenizes(model_of(PLANTED), "L1N0")
    assert not retokenizes(model_of(PLANTED), "L1N0", by=1.0)


def test_neurons_that_matter_as_much_elsewhere_do_not(model_of):
    model = model_of(PLANTED)
    for neuron in ("L1N2", "L1N5", "L1N20"):
        assert not retokenizes(model, neuron)


def test_a_neuron_for_beginnings_is_missed_by_its_silence_and_does_not(model_of):
    """At its mean it says within words that a new one begins, which costs more there."""
    claim = retokenizes(model_of(PLANTED), "L1N1")
    assert found(claim)["difference"] is Verdict.SUPPORTED
    assert found(claim)["by what it writes"] is Verdict.REFUTED
    assert not claim


def test_a_neuron_that_is_never_active_is_not_decided(model_of):
    assert retokenizes(model_of(PLANTED), "L1N3").check().verdict is Verdict.INCONCLUSIVE


def test_documents_of_whole_words_decide_nothing(model_of):
    claim = neuron_retokenizes(model_of(neuron_model())["L2N0"], on=neuron_documents(), by=0.1)
    assert claim.check().verdict is Verdict.INCONCLUSIVE
    assert "inside of words" in claim.check().reason


def test_nothing_is_supported_of_random_weights():
    model = Session().model(PLANTED.with_random_weights(0))
    claims = [retokenizes(model, f"L1N{n}", by=0.01) for n in range(8)]
    assert Verdict.SUPPORTED not in {one.verdict for one in model.court.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ComponentError, match="neurons and MLPs"):
        retokenizes(model, "L1H0")
    with pytest.raises(ClaimError, match="ablation is"):
        retokenizes(model, "L1N0", ablation="nothing")
