"""Neurons that go on with words in models that compute the same with other weights."""

from circuit_assert import neuron_retokenizes
from circuit_assert.models.planted_models import spelling_documents, spelling_model

PLANTED, DOCUMENTS = spelling_model(), spelling_documents()


def evidence_of(model, neuron_at=int):
    neurons = [model.neuron(1, neuron_at(number)) for number in (0, 2)]
    return model.court.evaluate([neuron_retokenizes(n, on=DOCUMENTS, by=0.1) for n in neurons])


def test_neurons_of_another_size_keep_their_verdicts(changes, stays):
    stays(PLANTED, "retokenizing-rescaled", changes.rescale_neurons(1), evidence_of)


def test_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(PLANTED.card.d_mlp)
    change = changes.permute_neurons(1, order)
    stays(PLANTED, "retokenizing-moved", change, evidence_of, lambda m: evidence_of(m, order.index))
