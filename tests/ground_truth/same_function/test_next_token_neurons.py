"""Neuron claims on models that compute the same with other weights."""

import pytest

from circuit_assert import neuron_promotes_token
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.models.planted_models.neurons import TOKENS

PLAIN, GATED = neuron_model(), neuron_model(gated=True)
DOCUMENTS = neuron_documents()
LAYER = 2


def evidence_of(model, numbers=range(len(TOKENS))):
    claims = [
        neuron_promotes_token(model[f"L{LAYER}N{number}"], token, on=DOCUMENTS, by=1.0)
        for number, token in zip(numbers, TOKENS, strict=True)
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("planted", [PLAIN, GATED], ids=lambda planted: planted.name)
def test_a_neuron_keeps_its_verdict_at_its_new_address(changes, stays, planted):
    order = changes.shuffled(planted.card.d_mlp)
    new = [order.index(number) for number in range(len(TOKENS))]
    change = changes.permute_neurons(LAYER, order)
    stays(planted, "permuted", change, evidence_of, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("planted", [PLAIN, GATED], ids=lambda planted: planted.name)
def test_neurons_of_another_size_keep_their_verdicts(changes, stays, planted):
    stays(planted, "rescaled", changes.rescale_neurons(LAYER), evidence_of)


def test_the_mirror_images_of_gated_neurons_keep_their_verdicts(changes, stays):
    stays(GATED, "flipped", changes.flip_neurons(LAYER), evidence_of)
