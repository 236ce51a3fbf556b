"""Entropy and token-frequency neurons, and neurons that look like them on one criterion only."""

import pytest

from circuit_assert import neuron_is_entropy_neuron, neuron_is_token_frequency_neuron, plain_text
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import confidence_documents, confidence_model
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GATED = confidence_model(), confidence_model(gated=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GATED], ids=["plain", "gated"])
DOCUMENTS = confidence_documents()


def is_entropy(model, neuron, **more):
    return neuron_is_entropy_neuron(model[neuron], on=DOCUMENTS, **{"by": 0.1, **more})


def is_frequency(model, neuron, **more):
    return neuron_is_token_frequency_neuron(model[neuron], on=DOCUMENTS, **{"by": 0.1, **more})


def found(claim):
    return {finding.name: finding for finding in claim.check().findings}


@BOTH
def test_the_neuron_that_only_the_final_norm_reads_is_an_entropy_neuron(model_of, planted):
    model = model_of(planted)
    assert is_entropy(model, "L1N0")
    assert not is_frequency(model, "L1N0")


@BOTH
def test_neurons_that_write_by_frequency_are_token_frequency_neurons(model_of, planted):
    model = model_of(planted)
    for neuron in ("L1N5", "L1N7"):
        assert is_frequency(model, neuron)
        assert not is_entropy(model, neuron)


@BOTH
@pytest.mark.parametrize("neuron", ["L1N1", "L1N2", "L1N4", "L1N20"])
def test_neurons_that_look_like_an_entropy_neuron_on_one_criterion_are_none(
    model_of, planted, neuron
):
    assert not is_entropy(model_of(planted), neuron)
    assert not is_frequency(model_of(planted), neuron)


def test_what_refuses_each_of_them(model_of):
    model = model_of(PLAIN)
    assert found(is_entropy(model, "L1N1"))["flat"].verdict is REFUTED
    tiny = found(is_entropy(model, "L1N2"))
    assert tiny["flat"].verdict is SUPPORTED
    assert tiny["size"].verdict is REFUTED
    half = found(is_entropy(model, "L1N4"))
    assert half["entropy"].verdict is SUPPORTED
    assert half["ranks"].verdict is REFUTED


def test_neurons_that_are_never_active_are_not_called_either(model_of):
    model = model_of(PLAIN)
    assert is_entropy(model, "L1N3").check().verdict is INCONCLUSIVE
    assert is_frequency(model, "L1N6").check().verdict is INCONCLUSIVE


def test_a_bound_beyond_the_effect_refutes(model_of):
    model = model_of(PLAIN)
    assert not is_entropy(model, "L1N0", by=2.0)
    assert not is_frequency(model, "L1N5", by=3.0)


def test_nothing_is_supported_of_random_weights():
    model = Session().model(PLAIN.with_random_weights(0))
    claims = [kind(model, f"L1N{n}") for kind in (is_entropy, is_frequency) for n in range(10)]
    assert SUPPORTED not in {one.verdict for one in model.court.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ComponentError, match="one neuron"):
        is_entropy(model, "L1H0")
    with pytest.raises(ComponentError, match="one neuron"):
        is_frequency(model, "L1H0")
    for wrong in ({"by": 0.0}, {"within": 0.0}, {"share": 1.0}, {"tail": 0.5}):
        with pytest.raises(ClaimError, match=f"{next(iter(wrong))}="):
            is_entropy(model, "L1N0", **wrong)
    with pytest.raises(ClaimError, match="above zero"):
        is_frequency(model, "L1N5", by=-1.0)
    with pytest.raises(ClaimError, match="test half"):
        is_frequency(model, "L1N5", counted=DOCUMENTS)
    assert is_frequency(model, "L1N5", counted=plain_text()).arguments["counted"]
