"""Ablation claims on models that compute the same with other weights."""

import pytest

from circuit_assert import ablation_drops_logit, heads_back_up
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts

PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS, DOCUMENTS = lookup_prompts(), lookup_documents()
HEADS = (3, 6, 0, 5, 1, 7, 2, 4)
NEURON = 5
WATCHED = (("L1H0",), ("L1H1",), ("L1H2",), ("L1H2", "L1H3"), ("L0H0",), (f"L1N{NEURON}",))


def evidence_of(model, subjects=WATCHED):
    claims = [
        ablation_drops_logit(model[subject], on=PROMPTS, by=1.0, off_task=DOCUMENTS)
        for subject in subjects
    ]
    return model.court.evaluate(claims)


def moved(layer, address):
    old = f"L{layer}H"
    return f"{old}{HEADS.index(int(address[-1]))}" if address.startswith(old) else address


@pytest.mark.parametrize("layer", [0, 1])
def test_a_head_keeps_its_verdict_at_its_new_address(changes, stays, layer):
    new = [tuple(moved(layer, address) for address in subject) for subject in WATCHED]
    change = changes.permute_heads(layer, HEADS)
    stays(PLANTED, f"permuted-{layer}", change, evidence_of, lambda model: evidence_of(model, new))


def test_a_neuron_keeps_its_verdict_at_its_new_address(changes, stays):
    order = changes.shuffled(PLANTED.card.d_mlp)
    new = (*WATCHED[:-1], (f"L1N{order.index(NEURON)}",))
    change = changes.permute_neurons(1, order)
    stays(PLANTED, "neurons permuted", change, evidence_of, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("change", ["values mixed", "neurons rescaled"])
def test_other_weights_for_the_same_change_nothing(changes, stays, change):
    by = {
        "values mixed": changes.mix_values(1, PLANTED.card),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(PLANTED, change, by[change], evidence_of)


def backups_of(model, pairs=(("L1H2", "L1H3"), ("L1H2", "L1H0"))):
    return model.court.evaluate(
        [heads_back_up(model[one], model[other], on=PROMPTS, by=1.0) for one, other in pairs]
    )


def test_backups_keep_their_verdict_at_their_new_addresses(changes, stays):
    new = [tuple(moved(1, head) for head in pair) for pair in (("L1H2", "L1H3"), ("L1H2", "L1H0"))]
    change = changes.permute_heads(1, HEADS)
    stays(PLANTED, "backups", change, backups_of, lambda model: backups_of(model, new))
