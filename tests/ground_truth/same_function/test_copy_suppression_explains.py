"""What copy suppression explains, on models that compute the same with other weights."""

import pytest

from circuit_assert import copy_suppression_explains
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model

PLAIN, GROUPED = suppressing_model(), suppressing_model(grouped_queries=True)
TEXT = suppressing_documents()
WATCHED = {"L1H0": ("both", "ov", "qk"), "L1H1": ("both", "qk"), "L1H5": ("ov",)}


def evidence_of(model, heads):
    return model.court.evaluate(
        [
            copy_suppression_explains(model[heads.get(at, at)], on=TEXT, keeping=keeping)
            for at, parts in WATCHED.items()
            for keeping in parts
        ]
    )


def of_the_watched(model):
    return evidence_of(model, {})


@pytest.mark.parametrize(
    ("planted", "heads", "groups"),
    [(PLAIN, (3, 4, 0, 5, 1, 2), None), (GROUPED, (5, 4, 1, 0, 2, 3), (2, 0, 1))],
    ids=["plain", "grouped"],
)
def test_a_head_keeps_its_share_at_its_new_address(changes, stays, planted, heads, groups):
    new = {address: f"L1H{heads.index(int(address[-1]))}" for address in WATCHED}
    change = changes.permute_heads(1, heads, groups)
    stays(planted, "permuted", change, of_the_watched, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=["plain", "grouped"])
def test_another_basis_of_values_changes_nothing(changes, stays, planted):
    stays(planted, "mixed", changes.mix_values(1, planted.card), of_the_watched)


def test_a_value_that_all_tokens_have_may_be_written_as_a_bias(stays):
    """Attention sums to one: what it adds to every value adds one vector to the output."""

    def shift(tensors):
        width = PLAIN.card.d_head
        tensors["layers.1.attn.v.bias"][:width] += 0.3
        output = tensors["layers.1.attn.o.weight"][:, :width]
        tensors["layers.1.attn.o.bias"] -= 0.3 * output.sum(1)

    stays(PLAIN, "shifted", shift, of_the_watched)


def test_queries_and_keys_scaled_against_each_other_change_nothing(stays):
    def rescale(tensors):
        tensors["layers.1.attn.q.weight"] *= 3.0
        tensors["layers.1.attn.q.bias"] *= 3.0
        tensors["layers.1.attn.k.weight"] /= 3.0

    stays(PLAIN, "rescaled", rescale, of_the_watched)


@pytest.mark.parametrize("change", ["neurons permuted", "neurons rescaled"])
def test_neurons_of_the_first_mlp_in_another_order_or_size_change_nothing(changes, stays, change):
    by = {
        "neurons permuted": changes.permute_neurons(0, changes.shuffled(PLAIN.card.d_mlp)),
        "neurons rescaled": changes.rescale_neurons(0),
    }
    stays(PLAIN, change, by[change], of_the_watched)


def test_a_logit_added_to_all_tokens_changes_nothing(stays):
    def add(tensors):
        tensors["head.weight"] += 0.2

    stays(PLAIN, "raised", add, of_the_watched)
