"""QK claims on models that compute the same with other weights."""

import pytest
import torch

from circuit_assert import qk_circuit_matches
from circuit_assert.models.planted_models import matching_model

PLAIN, GROUPED = matching_model(), matching_model(grouped_queries=True)
WATCHED = ("L0H0", "L0H2", "L0H3")
PAIRS = [(PLAIN.vocabulary[n], PLAIN.vocabulary[n + 1]) for n in range(5, 35)]


def evidence_of(model, addresses=WATCHED):
    claims = [qk_circuit_matches(model[at]) for at in addresses]
    claims += [qk_circuit_matches(model[at], pairs=PAIRS) for at in addresses]
    return model.court.evaluate(claims)


def mix_keys(layer, card):
    """Keys scaled and rotated within each group, queries the other way."""

    def change(tensors):
        generator = torch.Generator().manual_seed(0)
        width, per_group = card.d_head, card.heads // card.kv_heads
        query, key = (tensors[f"layers.{layer}.attn.{n}.weight"] for n in "qk")
        for group in range(card.kv_heads):
            turn = torch.linalg.qr(torch.randn(width, width, generator=generator).double())[0]
            rows = slice(group * width, (group + 1) * width)
            key[rows] = (3.0 * turn).float() @ key[rows]
            for head in range(group * per_group, (group + 1) * per_group):
                rows = slice(head * width, (head + 1) * width)
                query[rows] = (turn / 3.0).float() @ query[rows]

    return change


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=["plain", "grouped"])
def test_another_basis_of_keys_changes_nothing(stays, planted):
    stays(planted, "keys mixed", mix_keys(0, planted.card), evidence_of)


@pytest.mark.parametrize(
    ("planted", "heads", "groups"),
    [(PLAIN, (3, 4, 0, 5, 1, 2), None), (GROUPED, (5, 4, 1, 0, 2, 3), (2, 0, 1))],
    ids=["plain", "grouped"],
)
def test_a_head_keeps_its_verdict_at_its_new_address(changes, stays, planted, heads, groups):
    new = [f"L0H{heads.index(int(address[-1]))}" for address in WATCHED]
    change = changes.permute_heads(0, heads, groups)
    stays(planted, "permuted", change, evidence_of, lambda model: evidence_of(model, new))
