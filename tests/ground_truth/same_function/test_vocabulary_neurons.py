"""Prediction and suppression neurons in models that compute the same with other weights."""

import pytest

from circuit_assert import neuron_is_prediction_neuron, neuron_is_suppression_neuron
from circuit_assert.models.planted_models import neuron_documents, neuron_model

GATED = neuron_model(gated=True)
DOCUMENTS = neuron_documents()


def evidence_of(model, neuron_at=int):
    neuron = model.neuron(2, neuron_at(0))
    kinds = (neuron_is_prediction_neuron, neuron_is_suppression_neuron)
    return model.court.evaluate([kind(neuron, on=DOCUMENTS) for kind in kinds])


@pytest.mark.parametrize("change", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, change):
    by = {"rescaled": changes.rescale_neurons(2), "flipped": changes.flip_neurons(2)}
    stays(GATED, f"vocabulary-{change}", by[change], evidence_of)


def test_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(GATED.card.d_mlp)
    change = changes.permute_neurons(2, order)
    stays(GATED, "vocabulary-moved", change, evidence_of, lambda m: evidence_of(m, order.index))
