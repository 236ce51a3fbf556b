"""Claims about subspaces on models that compute the same with other weights."""

from circuit_assert import subspaces_are_disjoint, subspaces_overlap
from circuit_assert.models.planted_models import composing_model

PLANTED = composing_model()
PAIRS = ((0, 0, "K"), (1, 1, "Q"), (2, 2, "V"), (3, 0, "K"), (10, 10, "V"))


def of_the_pairs(model):
    kinds = (subspaces_overlap, subspaces_are_disjoint)
    claims = [
        kind(model.head(0, one), model.head(1, other), via=via)
        for one, other, via in PAIRS
        for kind in kinds
    ]
    return model.court.evaluate(claims)


def test_another_basis_of_values_changes_nothing(changes, stays):
    stays(PLANTED, "mixed-0", changes.mix_values(0, PLANTED.card), of_the_pairs)
    stays(PLANTED, "mixed-1", changes.mix_values(1, PLANTED.card), of_the_pairs)
