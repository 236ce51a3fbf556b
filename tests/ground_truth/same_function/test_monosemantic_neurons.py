"""Neurons of one meaning in models that compute the same with other weights."""

import pytest

from circuit_assert import explanation, neuron_is_monosemantic
from circuit_assert.models.planted_models import explained_documents, explained_model
from circuit_assert.models.planted_models.explained import FAMILY

GATED = explained_model(gated=True)
ON = explained_documents()
SAID = explanation("w1 to w12", FAMILY)
LAYER = 1


def evidence_of(model, places=(0, 1)):
    claims = [
        neuron_is_monosemantic(model[f"L{LAYER}N{n}"], SAID, on=ON, by=0.8, levels=3)
        for n in places
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("name", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, name):
    change = {"rescaled": changes.rescale_neurons, "flipped": changes.flip_neurons}[name](LAYER)
    stays(GATED, name, change, evidence_of)
