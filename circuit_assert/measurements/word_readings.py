"""What the unembedding reads of some words in every layer's residual stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class WordReadings(ReadsOnTheWay):
    """Logits of some tokens, read off what leaves every layer: `[unit, layer, token]`.

    The final norm is applied to each layer's own residual stream, and the vocabulary's mean logit
    is taken off; biases and caps of logits are left out.

    Args:
        tokens: Which tokens.
        at: The role at which they are read.
    """

    tokens: tuple[int, ...]
    at: str = "end"
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return f"logit lens of {len(self.tokens)} words"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What leaves each block."""
        return tuple(Site(layer, "resid_post") for layer in range(weights.card.layers))

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def reader(self, batch: Batch, weights: Weights) -> WordReader:
        """What reduces one batch."""
        return WordReader(self.tokens, batch, self.at, weights)


class WordReader:
    """Reads each layer as if it were the last.

    Args:
        tokens: Which tokens.
        batch: The rows.
        at: The role at which to read.
        weights: The model.
    """

    def __init__(self, tokens: tuple[int, ...], batch: Batch, at: str, weights: Weights) -> None:
        self._tokens, self._positions, self._weights = tokens, batch.positions(at), weights
        self._layers: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's residual stream."""
        import torch

        here = activation[range(len(self._positions)), self._positions].float()
        rows = self._weights.unembedding(torch.tensor(self._tokens, device=here.device))
        scale = self._weights.final_scale(here)[:, None]
        self._layers[site.layer] = linear(here, rows.float()) / scale

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, token]`."""
        import torch

        return torch.stack([self._layers[layer] for layer in sorted(self._layers)], dim=1)
