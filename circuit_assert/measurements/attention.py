"""Attention, of all heads at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


class ReadsPatterns(ReadsOnTheWay):
    """A measurement of the attention patterns of all heads."""

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The patterns of every layer."""
        return tuple(Site(layer, "pattern") for layer in range(weights.card.layers))

    def last_layer(self, card: Card) -> int:
        """The last one: a pass serves the claims about all heads."""
        return card.layers - 1


@dataclass(frozen=True)
class AttentionOverPairs(ReadsPatterns):
    """Mean attention over a relation's (query, key) pairs: `[unit, layer, head]`.

    Args:
        relation: A relation of the prompt set: "induction", "previous", "duplicate"; or roles
            as "end→IO", the query's first.
    """

    relation: str
    quantity: ClassVar[str] = "attention"

    def __str__(self) -> str:
        return f"{self.relation} attention"

    def reader(self, batch: Batch, weights: Weights) -> AttentionReader:
        """What reduces one batch."""
        return AttentionReader(_pair_weights(batch, self.relation), weights.card)


class AttentionReader:
    """Averages each pattern over the pairs as it passes.

    Args:
        pair_weights: `[row, query, key]`, summing to one in each row.
        card: The model's sizes.
    """

    def __init__(self, pair_weights: torch.Tensor, card: Card) -> None:
        self._weights = pair_weights
        self._layers: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's pattern, `[row, head, query, key]`."""
        weights = self._weights.to(activation)[:, None]
        self._layers[site.layer] = (activation * weights).sum((2, 3))

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head]`."""
        import torch

        return torch.stack([self._layers[layer] for layer in sorted(self._layers)], dim=1)


def _pair_weights(batch: Batch, relation: str) -> torch.Tensor:
    import torch

    weights = torch.zeros(len(batch.units), batch.length, batch.length)
    if "→" in relation:
        query, key = (batch.positions(_role(batch, role)) for role in relation.split("→"))
        weights[torch.arange(len(batch.units)), query, key] = 1.0
        return weights
    if relation not in batch.prompts.pairs:
        known = ", ".join(batch.prompts.pairs) or "none"
        raise PromptError(f"the prompts have no relation {relation!r}; they have: {known}.")
    for row, unit in enumerate(batch.units):
        pairs = batch.prompts.pairs[relation][int(unit)]
        weights[row, pairs[:, 0], pairs[:, 1]] = 1.0 / len(pairs)
    return weights


def _role(batch: Batch, role: str) -> str:
    if role not in batch.prompts.positions:
        known = ", ".join(sorted(batch.prompts.positions))
        raise PromptError(f"the prompts have no position {role!r}; they have: {known}.")
    return role
