"""Claims about single features on models that compute the same with other weights."""

import pytest

from circuit_assert import (
    Script,
    feature_is_not_a_neuron,
    feature_is_specific,
    feature_matters,
    feature_promotes_tokens,
)
from circuit_assert.models.planted_models import (
    feature_dictionary,
    feature_documents,
    feature_model,
)
from circuit_assert.models.planted_models.features import PROMOTED

PLANTED, DICTIONARY, ON = feature_model(), feature_dictionary(), feature_documents(documents=40)


def evidence_of(model, neuron="L0N0"):
    latents = model.with_dictionary(DICTIONARY)
    claims = [
        feature_is_specific(latents["L0F2"], Script("Cyrillic"), on=ON, by=0.8),
        feature_matters(latents["L0F0"], on=ON, by=0.3),
        feature_promotes_tokens(latents["L0F0"], PROMOTED, on=ON, strength=2.0, by=1.0),
        feature_is_not_a_neuron(latents["L0F0"], on=ON, by=0.6),
        feature_is_not_a_neuron(latents["L0F4"], on=ON, by=0.6),
        feature_is_specific(latents[neuron], Script("Greek"), on=ON, by=0.8),
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["neurons permuted", "neurons rescaled"])
def test_a_feature_keeps_its_verdict_in_other_weights(changes, stays, change):
    order = changes.shuffled(PLANTED.card.d_mlp)
    by = {
        "neurons permuted": changes.permute_neurons(0, order),
        "neurons rescaled": changes.rescale_neurons(0),
    }
    moved = f"L0N{order.index(0)}" if change == "neurons permuted" else "L0N0"
    stays(PLANTED, change, by[change], evidence_of, lambda model: evidence_of(model, moved))
