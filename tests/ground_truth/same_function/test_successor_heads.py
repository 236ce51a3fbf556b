"""Successor claims on models that compute the same with other weights."""

from dataclasses import replace

import pytest

from circuit_assert import head_is_successor
from circuit_assert.models.planted_models import counting_model

PLAIN, GROUPED = counting_model(), counting_model(grouped_queries=True)
WATCHED = ("L1H0", "L1H1", "L1H3", "L1H4")


def evidence_of(model, addresses):
    found = model.court.evaluate([head_is_successor(model[at]) for at in addresses])
    # which other heads are drawn goes by their places, and so may what they raise
    return [_without(evidence, "unlike others") for evidence in found]


def _without(evidence, name):
    return replace(evidence, findings=tuple(f for f in evidence.findings if f.name != name))


def of_the_watched(model):
    return evidence_of(model, WATCHED)


@pytest.mark.parametrize(
    ("planted", "heads", "groups"),
    [
        (PLAIN, (3, 4, 0, 5, 7, 2, 1, 6), None),
        (GROUPED, (5, 4, 1, 0, 6, 7, 3, 2), (2, 0, 3, 1)),
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
def test_neurons_of_the_first_mlp_in_another_order_or_size_change_nothing(changes, stays, change):
    by = {
        "neurons permuted": changes.permute_neurons(0, changes.shuffled(PLAIN.card.d_mlp)),
        "neurons rescaled": changes.rescale_neurons(0),
    }
    stays(PLAIN, change, by[change], of_the_watched)
