"""Induction claims on models that compute the same with other weights."""

import pytest

from circuit_assert import head_attends_inductively, head_is_induction
from circuit_assert.models.planted_models import induction_model, redundant_induction_model

PLAIN, GROUPED = induction_model(), induction_model(grouped_queries=True)
REDUNDANT = redundant_induction_model()
WATCHED = ("L1H0", "L1H1", "L1H2", "L1H4", "L1H5")


def evidence_of(model, addresses):
    kinds = (head_is_induction, head_attends_inductively)
    return model.court.evaluate([kind(model[at]) for kind in kinds for at in addresses])


def of_the_watched(model):
    return evidence_of(model, WATCHED)


def of_redundant_and_idle(model):
    return evidence_of(model, ("L1H0", "L1H2"))


@pytest.mark.parametrize(
    ("planted", "heads", "groups"),
    [
        (PLAIN, (3, 4, 0, 5, 1, 2), None),
        (GROUPED, (5, 4, 1, 0, 2, 3), (2, 0, 1)),
    ],
    ids=["plain", "grouped"],
)
def test_a_head_keeps_its_verdict_at_its_new_address(changes, stays, planted, heads, groups):
    new = [f"L1H{heads.index(int(address[-1]))}" for address in WATCHED]
    change = changes.permute_heads(1, heads, groups)
    stays(planted, "permuted", change, of_the_watched, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=["plain", "grouped"])
def test_another_basis_of_values_changes_nothing(changes, stays, planted):
    stays(planted, "mixed", changes.mix_values(1, planted.card), of_the_watched)


@pytest.mark.parametrize("change", ["neurons permuted", "neurons rescaled"])
def test_neurons_in_another_order_or_size_change_nothing(changes, stays, change):
    by = {
        "neurons permuted": changes.permute_neurons(1, changes.shuffled(REDUNDANT.card.d_mlp)),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(REDUNDANT, change, by[change], of_redundant_and_idle)
