"""Prediction and suppression neurons, beside neurons that write in random directions."""

import pytest

from benchmarks.calibration.claim_types.vocabulary_neurons import two_sided
from circuit_assert import neuron_is_prediction_neuron, neuron_is_suppression_neuron
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
PLAIN, GATED = neuron_model(), neuron_model(gated=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GATED], ids=lambda model: model.name)
DOCUMENTS = neuron_documents()


def predicts(model, neuron, **more):
    return neuron_is_prediction_neuron(model[neuron], on=DOCUMENTS, **more)


def suppresses(model, neuron, **more):
    return neuron_is_suppression_neuron(model[neuron], on=DOCUMENTS, **more)


@BOTH
def test_the_neuron_that_writes_a_token_predicts_and_the_one_that_takes_it_away_suppresses(
    model_of, planted
):
    model = model_of(planted)
    assert predicts(model, "L2N0")
    assert not suppresses(model, "L2N0")
    assert suppresses(model, "L3N0")
    assert not predicts(model, "L3N0")


@BOTH
def test_neurons_that_write_in_random_directions_are_neither(model_of, planted):
    model = model_of(planted)
    for neuron in ("L2N2", "L2N50", "L2N90"):
        assert not predicts(model, neuron)
        assert not suppresses(model, neuron)


def test_a_neuron_that_is_never_active_is_not_called_either(model_of):
    """Its weights point to a token: a neuron that writes nothing has no sign."""
    model = model_of(PLAIN)
    for kind in (predicts, suppresses):
        assert kind(model, "L2N1").check().verdict is Verdict.INCONCLUSIVE


def test_a_neuron_that_is_as_active_either_way_is_neither(model_of):
    model = model_of(two_sided(5))
    for kind in (predicts, suppresses):
        assert kind(model, "L2N0").check().verdict is not SUPPORTED


def test_a_kurtosis_beyond_what_it_is_refutes(model_of):
    assert not predicts(model_of(PLAIN), "L2N0", by=200.0)


def test_nothing_is_supported_of_random_weights():
    model = Session().model(GATED.with_random_weights(0))
    claims = [kind(model, f"L2N{n}") for kind in (predicts, suppresses) for n in range(20)]
    assert SUPPORTED not in {one.verdict for one in model.court.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ClaimError, match="normal distribution"):
        predicts(model, "L2N0", by=2.0)
    with pytest.raises(ComponentError, match="one neuron"):
        suppresses(model, "L1H0")
