"""Where heads write and read, in models that were built to do so in the same place or another."""

import numpy as np
import pytest

from circuit_assert import Session, plain_text, subspaces_are_disjoint, subspaces_overlap
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.subspaces import SubspaceOverlap
from circuit_assert.models.planted_models import composing_model, copying_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, NORMED = composing_model(), composing_model(norm=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, NORMED], ids=lambda model: model.name)
TRUE = [("L0H0", "L1H0", "K"), ("L0H1", "L1H1", "Q"), ("L0H2", "L1H2", "V")]


def verdicts(model, writer, reader, via):
    kinds = (subspaces_overlap, subspaces_are_disjoint)
    return [kind(model[writer], model[reader], via=via).check().verdict for kind in kinds]


@BOTH
@pytest.mark.parametrize(("writer", "reader", "via"), TRUE)
def test_one_place_is_shared(model_of, planted, writer, reader, via):
    assert verdicts(model_of(planted), writer, reader, via) == [SUPPORTED, REFUTED]


@BOTH
@pytest.mark.parametrize("via", ["K", "Q"])
@pytest.mark.parametrize(("writer", "reader"), [("L0H3", "L1H0"), ("L0H10", "L1H10")])
def test_places_beside_each_other_are_not(model_of, planted, writer, reader, via):
    overlap, disjoint = verdicts(model_of(planted), writer, reader, via)
    assert overlap is not SUPPORTED
    assert disjoint is SUPPORTED


def test_a_neuron_writes_along_one_direction(model_of):
    """Neurons write what the heads of the next layer read, and heads write elsewhere."""
    model = model_of(copying_model())
    assert verdicts(model, "L0N1", "L1H0", "V") == [SUPPORTED, REFUTED]
    assert verdicts(model, "L0H0", "L1H0", "V")[1] is SUPPORTED


def test_the_overlap_is_that_of_the_principal_angles(model_of):
    model = model_of(PLAIN)
    reader = model["L1H0"].components[0]
    writers = model["L0H0"].components
    own, chance, *_ = model.measure([WeightRequest(SubspaceOverlap(writers, reader, "K", 99))])[0]
    state = PLAIN.state_dict()
    written = np.linalg.qr(state["layers.0.attn.o.weight"].double().numpy()[:, :8])[0]
    read = np.linalg.qr(state["layers.1.attn.k.weight"].double().numpy()[:8].T)[0]
    cosines = np.linalg.svd(written.T @ read)[1]
    assert own == pytest.approx((cosines**2).mean())
    assert chance == pytest.approx(8 / 96)


def test_what_fills_the_residual_stream_overlaps_with_everything(model_of):
    model = model_of(copying_model().with_random_weights(0))
    writers = model[tuple(f"L0H{head}" for head in range(6))]
    for kind in (subspaces_overlap, subspaces_are_disjoint):
        evidence = kind(writers, model["L1H0"], via="V").check()
        assert evidence.verdict is INCONCLUSIVE
        assert "all of the residual stream" in evidence.reason


@pytest.mark.parametrize("seed", range(3))
def test_nothing_overlaps_in_random_weights(seed):
    model = Session().model(PLAIN.with_random_weights(seed))
    assert not [pair for pair in TRUE if verdicts(model, *pair)[0] is SUPPORTED]


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(PLAIN)
    with pytest.raises(ClaimError, match='"K", "Q" or "V"'):
        subspaces_overlap(model["L0H0"], model["L1H0"], via="O")
    with pytest.raises(ClaimError, match="between 0 and 1"):
        subspaces_are_disjoint(model["L0H0"], model["L1H0"], via="K", within=0.0)
    with pytest.raises(ComponentError, match="one head"):
        subspaces_overlap(model["L0H0"], model["L1.mlp"], via="K")
    direction = model.direction(plain_text(), versus=plain_text(), at="L0.resid_post")
    with pytest.raises(ComponentError, match="heads, neurons or MLPs"):
        subspaces_overlap(direction, model["L1H0"], via="K")
