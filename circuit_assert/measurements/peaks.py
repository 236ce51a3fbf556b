"""How active features get anywhere in a text: neurons, or whatever reads an activation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from circuit_assert.components import Site
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch


class Features(Protocol):
    """An activation site, and what is made of it: one number per feature. Frozen and hashable."""

    @property
    def site(self) -> Site:
        """What is read."""
        ...

    def activity(self, activation: torch.Tensor) -> torch.Tensor:
        """How active each feature is: `[n, ...]` → `[n, feature]`."""
        ...


@dataclass(frozen=True)
class MLPNeurons:
    """The neurons of a layer, each as two features: active upwards, and downwards.

    A gated neuron's activation has a sign, and both signs may stand for something.

    Args:
        layer: Their layer.
    """

    layer: int

    @property
    def site(self) -> Site:
        """Their activations."""
        return Site(self.layer, "mlp_post")

    def activity(self, activation: torch.Tensor) -> torch.Tensor:
        """`[n, d_mlp]` → `[n, 2 × d_mlp]`."""
        import torch

        return torch.cat([activation, -activation], dim=-1)

    def __str__(self) -> str:
        return f"the neurons of layer {self.layer}"


@dataclass(frozen=True)
class Peaks(ReadsOnTheWay):
    """The highest activity of each feature over the first counted tokens: `[unit, layer, feature]`.

    The first token of a text (the beginning token, where there is one) is never counted. NaN
    for texts with too few tokens that count.

    Args:
        of: The features of one or more layers, equally many in each.
        tokens: How many tokens are counted.
        without: Tokens that are not.
    """

    of: tuple[Features, ...]
    tokens: int
    without: frozenset[int] = frozenset()
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"highest activity in {self.tokens} tokens"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Where the features are read."""
        return tuple(features.site for features in self.of)

    def last_layer(self, card: Card) -> int:
        """The last one's."""
        return max(features.site.layer for features in self.of)

    def reader(self, batch: Batch, weights: Weights) -> PeaksReader:
        """What reduces one batch."""
        rows = [batch.prompts.tokens[batch.side][int(unit)] for unit in batch.units]
        return PeaksReader(self.of, [counted(row, self.tokens, self.without) for row in rows])


def counted(tokens: Ints, most: int, without: frozenset[int]) -> Ints:
    """The first so many positions that count, the first token left out; none where too few do."""
    left_out = _array(without)
    positions = 1 + np.flatnonzero(~np.isin(tokens[1:], left_out))
    return positions[:most] if len(positions) >= most else positions[:0]


class PeaksReader:
    """Takes the maximum over some positions of each row.

    Args:
        of: The features.
        positions: Per row, those counted.
    """

    def __init__(self, of: tuple[Features, ...], positions: list[Ints]) -> None:
        self._of, self._positions = {features.site: features for features in of}, positions
        self._peaks: dict[Site, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's activation."""
        import torch

        features = self._of[site]
        rows = [
            features.activity(activation[row, positions].float()).amax(0)
            if len(positions)
            else features.activity(activation[row, :1].float())[0] * torch.nan
            for row, positions in enumerate(self._positions)
        ]
        self._peaks[site] = torch.stack(rows)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, feature]`."""
        import torch

        return torch.stack([self._peaks[site] for site in self._of], dim=1)


@lru_cache(maxsize=16)
def _array(without: frozenset[int]) -> Ints:
    return np.array(sorted(without), np.int64)
