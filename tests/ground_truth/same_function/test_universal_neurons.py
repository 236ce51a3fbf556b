"""Neurons that another model has in models that compute the same with other weights."""

import functools

import pytest

from circuit_assert import Session, neuron_is_universal, recorded_activity
from circuit_assert.models.planted_models import universal_documents, universal_model

GATED, ON = universal_model(gated=True), universal_documents()


@functools.cache
def other():
    model = Session().model(universal_model(other=True, gated=True))
    return recorded_activity(model, on=ON, layers=range(2))


def evidence_of(model, neuron_at=int):
    neurons = [model.neuron(1, neuron_at(number)) for number in (0, 1)]
    claims = [neuron_is_universal(neuron, [other()], on=ON) for neuron in neurons]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["rescaled", "flipped"])
def test_neurons_of_another_size_or_sign_keep_their_verdicts(changes, stays, change):
    by = {"rescaled": changes.rescale_neurons(1), "flipped": changes.flip_neurons(1)}
    stays(GATED, f"universal-{change}", by[change], evidence_of)


def test_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(GATED.card.d_mlp)
    change = changes.permute_neurons(1, order)
    stays(GATED, "universal-moved", change, evidence_of, lambda m: evidence_of(m, order.index))
