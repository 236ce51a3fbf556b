"""Composition claims on models that compute the same with other weights."""

from circuit_assert import heads_compose
from circuit_assert.models.planted_models import composing_model

PLANTED = composing_model()
ORDER = (3, 4, 0, 5, 1, 2, 11, 10, 9, 8, 7, 6)
PAIRS = ((0, 0, "K"), (1, 1, "Q"), (2, 2, "V"), (3, 0, "K"), (10, 10, "V"))


def evidence_of(model, place):
    claims = [
        heads_compose(model[f"L0H{first}"], model[f"L1H{place(second)}"], via=via)
        for first, second, via in PAIRS
    ]
    return model.court.evaluate(claims)


def of_the_pairs(model):
    return evidence_of(model, lambda head: head)


def test_pairs_keep_their_verdicts_at_new_addresses(changes, stays):
    change = changes.permute_heads(1, ORDER)
    stays(PLANTED, "permuted", change, of_the_pairs, lambda m: evidence_of(m, ORDER.index))


def test_another_basis_of_values_changes_nothing(changes, stays):
    stays(PLANTED, "mixed-0", changes.mix_values(0, PLANTED.card), of_the_pairs)
    stays(PLANTED, "mixed-1", changes.mix_values(1, PLANTED.card), of_the_pairs)
