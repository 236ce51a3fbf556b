"""Virtual weights between neurons that were built to meet, and between decoys."""

import numpy as np
import pytest

from circuit_assert import Session, virtual_weight_is
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.virtual_weights import VirtualWeights
from circuit_assert.models.planted_models import virtual_weights_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, NORMED = virtual_weights_model(), virtual_weights_model(norm=True)
GATED = virtual_weights_model(gated=True, norm=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, NORMED], ids=["plain", "normed"])
EVERY = pytest.mark.parametrize("planted", [PLAIN, NORMED, GATED], ids=["plain", "normed", "gated"])


def weight(model, pair, *, by=0.5, via=None):
    via = via or ("up" if "gated" in model.name else "in")
    one, other = model.neuron(0, pair), model.neuron(1, pair)
    return virtual_weight_is(one, other, by=by, via=via).check()


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@EVERY
def test_a_neuron_that_reads_what_another_writes_is_found(model_of, planted):
    evidence = weight(model_of(planted), 0)
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert "the virtual weight from L0N0 to L1N0 is above 0.5" in evidence.sentence


@BOTH
def test_signs_count_where_neurons_are_not_gated(model_of, planted):
    model = model_of(planted)
    assert weight(model, 1, by=-0.5).verdict is SUPPORTED
    assert weight(model, 1, by=0.5).verdict is REFUTED
    assert weight(model, 0, by=-0.5).verdict is REFUTED


def test_in_gated_neurons_the_row_counts_and_the_sign_says_nothing(model_of):
    model = model_of(GATED)
    gate = weight(model, 1, via="gate")
    assert gate.verdict is SUPPORTED
    assert "through its gate" in gate.sentence
    assert weight(model, 1, via="up").verdict is REFUTED
    assert weight(model, 0, via="gate").verdict is REFUTED
    assert "sign of what it writes says nothing" in weight(model, 1, by=-0.5, via="gate").reason


@EVERY
@pytest.mark.parametrize(
    ("pair", "fails"), [(2, "beyond other readers"), (3, "beyond other writers")]
)
def test_what_many_read_or_write_is_not_of_this_pair(model_of, planted, pair, fails):
    evidence = weight(model_of(planted), pair)
    assert finding(evidence, "weight").verdict is SUPPORTED
    assert finding(evidence, fails).verdict is not SUPPORTED
    assert evidence.verdict is not SUPPORTED


@EVERY
@pytest.mark.parametrize("pair", [4, 6])
def test_loud_or_random_neurons_are_refuted(model_of, planted, pair):
    assert weight(model_of(planted), pair).verdict is REFUTED


@pytest.mark.parametrize("planted", [NORMED, GATED], ids=["normed", "gated"])
def test_the_gain_of_the_norm_between_is_part_of_the_weight(model_of, planted):
    model = model_of(planted)
    assert weight(model, 5, by=0.8).verdict is not SUPPORTED
    assert weight(model, 0, by=0.8).verdict is SUPPORTED


@pytest.mark.parametrize("seed", range(3))
@EVERY
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    model = Session().model(planted.with_random_weights(seed))
    verdicts = {weight(model, pair, by=0.2).verdict for pair in range(30)}
    assert SUPPORTED not in verdicts


def test_numbers_are_those_of_a_plain_computation(model_of):
    model = model_of(GATED)
    arrays = {name: tensor.double().numpy() for name, tensor in GATED.state_dict().items()}
    neurons = model["L0N7"].components[0], model["L1N9"].components[0]
    for row, name in (("up", "in"), ("gate", "gate")):
        (found,) = model.measure([WeightRequest(VirtualWeights(*neurons, row))])
        written = arrays["layers.0.mlp.out.weight"].T
        read = arrays[f"layers.1.mlp.{name}.weight"] * arrays["layers.1.ln2.weight"]
        product = float(written[7] @ read[9])
        sizes = np.linalg.norm(written, axis=1), np.linalg.norm(read, axis=1)
        assert found[2, 0, 1] == pytest.approx(product, rel=1e-5)
        assert found[2, 0, 0] == pytest.approx(product / (sizes[0][7] * sizes[1][9]), rel=1e-5)
        readers = written[7] @ read.T / (sizes[0][7] * sizes[1])
        assert found[0] == pytest.approx(np.stack([readers, sizes[1]], axis=1), rel=1e-4, abs=1e-6)
        writers = written @ read[9] / (sizes[0] * sizes[1][9])
        assert found[1] == pytest.approx(np.stack([writers, sizes[0]], axis=1), rel=1e-4, abs=1e-6)


def test_a_row_that_the_model_does_not_have_decides_nothing(model_of):
    assert "are not gated" in weight(model_of(PLAIN), 0, via="gate").reason
    assert "by two rows" in weight(model_of(GATED), 0, via="in").reason


def test_bad_arguments_fail_before_anything_is_measured(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ClaimError, match="does not run before"):
        virtual_weight_is(model["L1N0"], model["L0N0"], by=0.5)
    with pytest.raises(ClaimError, match="does not run before"):
        virtual_weight_is(model["L0N1"], model["L0N0"], by=0.5)
    with pytest.raises(ClaimError, match="neurons read via"):
        virtual_weight_is(model["L0N0"], model["L1N0"], by=0.5, via="down")
    with pytest.raises(ClaimError, match="by is a cosine"):
        virtual_weight_is(model["L0N0"], model["L1N0"], by=0.0)
    with pytest.raises(ComponentError, match="about one neuron"):
        virtual_weight_is(model["L0H0"], model["L1N0"], by=0.5)
