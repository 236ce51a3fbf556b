"""The same function in other weights: what a model computes is what verdicts are about."""

import numpy as np
import pytest
import torch

from circuit_assert import head_is_induction
from circuit_assert.models.planted_models import induction_model, redundant_induction_model
from circuit_assert.stats import Verdict

PLAIN, GROUPED = induction_model(), induction_model(grouped_queries=True)
REDUNDANT = redundant_induction_model()
WATCHED = ("L1H0", "L1H1", "L1H2", "L1H4", "L1H5")


def rows_of_heads(width, order):
    return torch.cat([torch.arange(head * width, (head + 1) * width) for head in order])


def permute_heads(layer, heads, groups):
    """Heads in a new order; `groups` is the new order of what they share keys and values by."""

    def change(tensors):
        width = len(tensors[f"layers.{layer}.attn.q.bias"]) // len(heads)
        for name, order in (("q", heads), ("k", groups), ("v", groups)):
            for part in ("weight", "bias"):
                key = f"layers.{layer}.attn.{name}.{part}"
                tensors[key] = tensors[key][rows_of_heads(width, order)]
        key = f"layers.{layer}.attn.o.weight"
        tensors[key] = tensors[key][:, rows_of_heads(width, heads)]

    return change


def mix_values(layer, planted):
    """Values rotated and rescaled within each group, and its heads' outputs turned back."""

    def change(tensors):
        generator = torch.Generator().manual_seed(0)
        width, per_group = planted.card.d_head, planted.card.heads // planted.card.kv_heads
        value, output = (tensors[f"layers.{layer}.attn.{n}.weight"] for n in "vo")
        for group in range(planted.card.kv_heads):
            turn = torch.linalg.qr(torch.randn(width, width, generator=generator).double())[0]
            mixed, back = (3.0 * turn).float(), (turn / 3.0).float()
            rows = slice(group * width, (group + 1) * width)
            value[rows] = mixed @ value[rows]
            for head in range(group * per_group, (group + 1) * per_group):
                columns = slice(head * width, (head + 1) * width)
                output[:, columns] = output[:, columns] @ back.T

    return change


def permute_neurons(layer):
    def change(tensors):
        mlp = f"layers.{layer}.mlp"
        order = torch.randperm(
            len(tensors[f"{mlp}.fc_in.bias"]), generator=torch.Generator().manual_seed(0)
        )
        tensors[f"{mlp}.fc_in.weight"] = tensors[f"{mlp}.fc_in.weight"][order]
        tensors[f"{mlp}.fc_in.bias"] = tensors[f"{mlp}.fc_in.bias"][order]
        tensors[f"{mlp}.fc_out.weight"] = tensors[f"{mlp}.fc_out.weight"][:, order]

    return change


def same(first, second):
    assert first.verdict is second.verdict
    for one, other in zip(first.findings, second.findings, strict=True):
        assert one.verdict is other.verdict, one.name
        if one.effect is not None and other.effect is not None:
            assert np.isclose(one.effect, other.effect, atol=1e-4, rtol=1e-4), one.name


def evidence_of(model_of, planted, addresses):
    model = model_of(planted)
    return model.court.evaluate([head_is_induction(model[address]) for address in addresses])


@pytest.mark.parametrize(
    ("planted", "heads", "groups"),
    [
        (PLAIN, (3, 4, 0, 5, 1, 2), (3, 4, 0, 5, 1, 2)),
        (GROUPED, (5, 4, 1, 0, 2, 3), (2, 0, 1)),
    ],
    ids=["plain", "grouped"],
)
def test_a_head_keeps_its_verdict_at_its_new_address(model_of, altered, planted, heads, groups):
    moved = altered(planted, "permuted", permute_heads(1, heads, groups))
    new = [f"L1H{heads.index(int(address[-1]))}" for address in WATCHED]

    before, after = evidence_of(model_of, planted, WATCHED), evidence_of(model_of, moved, new)

    for one, other in zip(before, after, strict=True):
        same(one, other)
    assert before[0].verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=["plain", "grouped"])
def test_another_basis_of_values_changes_nothing(model_of, altered, planted):
    mixed = altered(planted, "mixed", mix_values(1, planted))

    before, after = (evidence_of(model_of, model, WATCHED) for model in (planted, mixed))

    assert [e.verdict for e in before] == [e.verdict for e in after]
    for one, other in zip(before, after, strict=True):
        if one.verdict is not Verdict.INCONCLUSIVE:  # what is exactly zero is rounding now
            same(one, other)


def test_the_order_of_neurons_changes_nothing(model_of, altered):
    permuted = altered(REDUNDANT, "permuted", permute_neurons(1))

    before, after = (evidence_of(model_of, model, ("L1H0",)) for model in (REDUNDANT, permuted))

    same(before[0], after[0])
    assert before[0].verdict is Verdict.SUPPORTED
