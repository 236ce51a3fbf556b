"""How active neurons are on the whole of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from circuit_assert.components import Site
from circuit_assert.measurements.activations import KeepReader
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card


@dataclass(frozen=True)
class MeanActivations(ReadsOnTheWay):
    """Every neuron's activation, with its sign, averaged over a unit: `[unit, d_mlp]`.

    Over positions but the first, whose activations are like no other's.

    Args:
        layer: Their layer.
    """

    layer: int
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"mean activations of layer {self.layer}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """`mlp_post` of the layer."""
        return (Site(self.layer, "mlp_post"),)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        return KeepReader(lambda activation: activation[:, 1:].float().mean(1))
