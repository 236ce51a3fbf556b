"""How heavy-tailed activations are over coordinates, against the same in any other basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site
from circuit_assert.measurements.activations import KeepReader
from circuit_assert.measurements.base import Batch, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ExcessKurtosis:
    """Kurtosis over coordinates minus its mean over all bases, by token: `[unit, 3]`.

    The mean over a unit's tokens, three times: without the first token and without the
    coordinates that are largest in the unit; without the first token; of all. Coordinates that
    are left out are left out of other bases, too.

    Args:
        site: Where activations are read.
        massive: The share of coordinates that counts as largest, by their mean size in the unit.
    """

    site: Site
    massive: float
    quantity: ClassVar[str] = "kurtosis"

    def __str__(self) -> str:
        return f"kurtosis of {self.site} over coordinates"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Its own."""
        return (self.site,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.site.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        return KeepReader(self._of)

    def _of(self, activation: torch.Tensor) -> torch.Tensor:
        import torch

        values = activation.float()
        kept = values.shape[-1] - max(1, round(self.massive * values.shape[-1]))
        sizes = values[:, 1:].abs().mean(1)
        order = sizes.argsort(dim=-1)[:, None, :kept].expand(-1, values.shape[1] - 1, -1)
        ordinary = values[:, 1:].gather(2, order.sort(dim=-1).values)
        found = [_excess(part) for part in (ordinary, values[:, 1:], values)]
        return torch.stack([each.mean(1) for each in found], dim=-1)


def _excess(values: torch.Tensor) -> torch.Tensor:
    """`[row, pos, coordinate]` → `[row, pos]`."""
    return _kurtosis(values) - mean_over_bases(values.shape[-1])


def mean_over_bases(coordinates: int) -> float:
    """The kurtosis of any vector's coordinates, averaged over all rotations of it.

    A vector turned at random points anywhere alike, as a normal sample does, and kurtosis says
    nothing of length: so it is the mean kurtosis of a normal sample, 3 (n − 1) / (n + 1).

    Args:
        coordinates: n.

    Source: Cramér 1946, Mathematical Methods of Statistics, section 29.3.
    """
    return 3 * (coordinates - 1) / (coordinates + 1)


def _kurtosis(values: torch.Tensor) -> torch.Tensor:
    squares = (values - values.mean(-1, keepdim=True)).square()
    return squares.square().mean(-1) / squares.mean(-1).square()
