"""Attention to what stands beside a token that plays a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site
from circuit_assert.measurements.attention import AttentionReader, ReadsPatterns
from circuit_assert.measurements.base import Batch, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class AttentionBeside(ReadsPatterns):
    """The larger share a head gives a token right beside a role's: `[unit, layer, head]`.

    The first token of a sequence, where heads rest, does not count, nor does the attending token
    itself, nor anything after it; where nothing is left, the share is zero.

    Args:
        at: The role that attends.
        role: The role that is attended to.
    """

    at: str
    role: str
    quantity: ClassVar[str] = "attention"

    def __str__(self) -> str:
        return f"{self.at}→{self.role}±1 attention"

    def reader(self, batch: Batch, weights: Weights) -> BesideReader:
        """What reduces one batch."""
        return BesideReader([self._to(batch, step) for step in (-1, 1)], weights.card)

    def _to(self, batch: Batch, step: int) -> torch.Tensor:
        import torch

        at, keys = batch.positions(self.at), batch.positions(self.role) + step
        weights = torch.zeros(len(batch.units), batch.length, batch.length)
        for row, (query, key) in enumerate(zip(at, keys, strict=True)):
            if 0 < key < query:
                weights[row, query, key] = 1.0
        return weights


class BesideReader:
    """Reads the attention to each side and keeps the larger.

    Args:
        sides: Of each side, `[row, query, key]`.
        card: The model's sizes.
    """

    def __init__(self, sides: list[torch.Tensor], card: Card) -> None:
        self._sides = [AttentionReader(weights, card) for weights in sides]

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's pattern, `[row, head, query, key]`."""
        for side in self._sides:
            side.read(site, activation)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head]`."""
        import torch

        before, after = (side.finish(final) for side in self._sides)
        return torch.maximum(before, after)
