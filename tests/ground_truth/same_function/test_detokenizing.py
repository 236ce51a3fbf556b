"""Neurons for words of two tokens in models that compute the same with other weights."""

import pytest

from circuit_assert import neuron_detokenizes
from circuit_assert.models.planted_models import COMPOUND, compound_documents, compound_model

GATED, DOCUMENTS = compound_model(gated=True), compound_documents()


def evidence_of(model, neuron_at=int):
    neurons = [model.neuron(1, neuron_at(number)) for number in (0, 1)]
    claims = [neuron_detokenizes(n, COMPOUND, on=DOCUMENTS, by=0.5) for n in neurons]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, change):
    by = {"rescaled": changes.rescale_neurons(1), "flipped": changes.flip_neurons(1)}
    stays(GATED, f"detokenizing-{change}", by[change], evidence_of)


def test_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(GATED.card.d_mlp)
    change = changes.permute_neurons(1, order)
    stays(GATED, "detokenizing-moved", change, evidence_of, lambda m: evidence_of(m, order.index))
