"""Entropy and token-frequency neurons in models that compute the same with other weights."""

import pytest

from circuit_assert import neuron_is_entropy_neuron, neuron_is_token_frequency_neuron
from circuit_assert.models.planted_models import confidence_documents, confidence_model

GATED = confidence_model(gated=True)
DOCUMENTS = confidence_documents()


def evidence_of(model, neuron_at=int):
    entropy, frequency = (model.neuron(1, neuron_at(number)) for number in (0, 5))
    claims = [neuron_is_entropy_neuron(each, on=DOCUMENTS, by=0.1) for each in (entropy, frequency)]
    claims.append(neuron_is_token_frequency_neuron(frequency, on=DOCUMENTS, by=0.1))
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, change):
    by = {"rescaled": changes.rescale_neurons(1), "flipped": changes.flip_neurons(1)}
    stays(GATED, f"entropy-{change}", by[change], evidence_of)


def test_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(GATED.card.d_mlp)
    change = changes.permute_neurons(1, order)
    stays(GATED, "entropy-moved", change, evidence_of, lambda m: evidence_of(m, order.index))
