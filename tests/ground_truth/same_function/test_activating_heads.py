"""Heads and the neurons they activate, in models that compute the same with other weights."""

from circuit_assert import head_activates_neuron, neuron_prefers_next_token
from circuit_assert.models.planted_models import activating_documents, activating_model
from circuit_assert.models.planted_models.activating import READ_TOKENS

PLAIN, GATED = activating_model(), activating_model(gated=True)
DOCUMENTS = activating_documents(documents=30, length=40)
HEADS = (3, 6, 0, 5, 1, 7, 2, 4)


def evidence_of(model, head_at=int, neuron_at=int):
    head = model.head(0, head_at(0))
    claims = [
        head_activates_neuron(
            head, model.neuron(1, neuron_at(n)), READ_TOKENS[n], on=DOCUMENTS, by=0.3
        )
        for n in (0, 1)
    ]
    neuron = model.neuron(1, neuron_at(0))
    claims += [
        neuron_prefers_next_token(neuron, token, on=DOCUMENTS, by=0.6) for token in READ_TOKENS
    ]
    return model.court.evaluate(claims)


def after(*changes):
    def change(tensors):
        for each in changes:
            each(tensors)

    return change


def test_heads_and_neurons_keep_their_verdicts_at_new_addresses(changes, stays):
    order = changes.shuffled(PLAIN.card.d_mlp)
    both = after(changes.permute_heads(0, HEADS), changes.permute_neurons(1, order))
    stays(
        PLAIN,
        "permuted",
        both,
        evidence_of,
        lambda model: evidence_of(model, HEADS.index, order.index),
    )


def test_other_values_and_neurons_of_another_size_and_sign_change_nothing(changes, stays):
    everything = after(
        changes.mix_values(0, GATED.card), changes.rescale_neurons(1), changes.flip_neurons(1)
    )
    stays(GATED, "rewritten", everything, evidence_of)
