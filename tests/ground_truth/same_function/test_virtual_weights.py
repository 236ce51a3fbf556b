"""Virtual weights in models that compute the same with other weights."""

import pytest

from circuit_assert import virtual_weight_is
from circuit_assert.models.planted_models import virtual_weights_model

PLAIN = virtual_weights_model()
GATED = virtual_weights_model(gated=True, norm=True)
PAIRS = ((0, 0), (2, 2), (6, 6), (1, 0))


def evidence_of(model, pairs=PAIRS):
    via = "up" if "gated" in model.name else "in"
    claims = [
        virtual_weight_is(model.neuron(0, one), model.neuron(1, other), by=0.5, via=via)
        for one, other in pairs
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("planted", [PLAIN, GATED], ids=["plain", "gated"])
@pytest.mark.parametrize("layer", [0, 1])
def test_neurons_keep_their_verdict_at_their_new_addresses(changes, stays, planted, layer):
    order = changes.shuffled(planted.card.d_mlp)
    new = [
        (order.index(one), other) if layer == 0 else (one, order.index(other))
        for one, other in PAIRS
    ]
    change = changes.permute_neurons(layer, order)
    stays(planted, f"permuted-{layer}", change, evidence_of, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("layer", [0, 1])
def test_the_sign_of_gated_neurons_changes_nothing_in_size(altered, changes, model_of, layer):
    """Cosines change their sign with the up-row's, and verdicts do not."""
    flipped = model_of(altered(GATED, f"flipped-{layer}", changes.flip_neurons(layer)))
    for one, other in zip(evidence_of(model_of(GATED)), evidence_of(flipped), strict=True):
        assert one.verdict is other.verdict
