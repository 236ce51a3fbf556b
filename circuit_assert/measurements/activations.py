"""Activations themselves: neurons at every position, the residual stream at one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import MLP, Component, Direction, Head, Latent, Neuron, Site, Vector
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class NeuronActivations(ReadsOnTheWay):
    """Activations of some neurons of one layer at every position: `[unit, pos, neuron]`.

    Padded with NaN after a unit's last token.

    Args:
        layer: Their layer.
        neurons: Which; none means all, averaged as |a| over positions: `[unit, d_mlp]`.
    """

    layer: int
    neurons: tuple[int, ...] = ()
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"activations of layer {self.layer}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """`mlp_post` of the layer."""
        return (Site(self.layer, "mlp_post"),)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        if self.neurons:
            chosen = list(self.neurons)
            return KeepReader(lambda a: a[..., chosen].float())
        return KeepReader(lambda a: a[:, 1:].float().abs().mean(1))


@dataclass(frozen=True)
class Residual(ReadsOnTheWay):
    """The residual stream at one position: `[unit, d_model]`.

    Args:
        site: A residual-stream site.
        at: The role.
    """

    site: Site
    at: str = "end"
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"{self.site} at {self.at}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Its own."""
        return (self.site,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.site.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        positions = batch.positions(self.at)
        return KeepReader(lambda a: a[range(len(positions)), positions].float())


@dataclass(frozen=True)
class Kept(ReadsOnTheWay):
    """A component's activation, or a site's, at every position: one tensor per unit.

    The engine's own: means, donors and checkpoints are made of it, and it never leaves it.
    """

    what: Component | Site
    quantity: ClassVar[str] = "activation"

    @classmethod
    def of(cls, component: Component) -> Kept:
        """What to keep for a component: for a head its whole layer's, which serves the others."""
        return cls(component.site if isinstance(component, Head) else component)

    @property
    def site(self) -> Site:
        """Where it is read."""
        return self.what if isinstance(self.what, Site) else self.what.site

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Its own."""
        return (self.site,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.site.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What keeps one batch."""
        return KeepReader(lambda activation: part_of(activation, self.what).clone())


def part_of(activation: torch.Tensor, what: Component | Site) -> torch.Tensor:
    """The part of a site's activation that belongs to a component: `[row, pos, ...]`."""
    match what:
        case Head(head=head):
            return activation[:, :, head]
        case Neuron(neuron=neuron):
            return activation[:, :, neuron]
        case MLP() | Direction() | Vector() | Latent() | Site():
            return activation


class KeepReader:
    """Keeps a part of one activation.

    Args:
        part: `[row, pos, ...]` → `[row, ...]`.
    """

    def __init__(self, part: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._part = part
        self._kept: torch.Tensor | None = None

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take the activation."""
        self._kept = self._part(activation)

    def finish(self, final: torch.Tensor) -> torch.Tensor | Sequence[torch.Tensor]:
        """`[row, ...]`."""
        assert self._kept is not None  # noqa: S101 - the backend raises when a site is silent
        return self._kept
