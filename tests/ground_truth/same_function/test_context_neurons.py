"""Neurons of a context in models that compute the same with other weights."""

import pytest

from circuit_assert import document_label, neuron_is_context_neuron
from circuit_assert.models.planted_models import context_documents, context_model
from circuit_assert.models.planted_models.contexts import NORTH

GATED, ON = context_model(gated=True), context_documents()


def evidence_of(model):
    north = document_label("kind", NORTH)
    claims = [
        neuron_is_context_neuron(model[f"L0N{n}"], north, on=ON, by=0.8, loss=0.02) for n in (0, 2)
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("name", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, name):
    change = {"rescaled": changes.rescale_neurons, "flipped": changes.flip_neurons}[name](0)
    stays(GATED, name, change, evidence_of)
