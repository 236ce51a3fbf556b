"""Activations of many features of one kind, read together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Latent, Neuron, Site
from circuit_assert.measurements.activations import KeepReader
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.measurements.features import Readable, activation_of
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ManyActivations(ReadsOnTheWay):
    """Activations of features that are read at one site: `[unit, pos, feature]`.

    Padded with NaN after a unit's last token. As `FeatureActivations`, one by one.

    Args:
        features: Neurons of one layer, latents of one dictionary, or vectors at one site.
    """

    features: tuple[Readable, ...]
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"activations of {len(self.features)} features at {self.features[0].site}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Theirs."""
        return (self.features[0].site,)

    def last_layer(self, card: Card) -> int:
        """Theirs."""
        return self.features[0].site.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        return KeepReader(self._read)

    def _read(self, activation: torch.Tensor) -> torch.Tensor:
        import torch

        match self.features[0]:
            case Neuron():
                chosen = [each.neuron for each in self.features if isinstance(each, Neuron)]
                return activation[..., chosen].float()
            case Latent(dictionary=dictionary):
                chosen = [each.latent for each in self.features if isinstance(each, Latent)]
                return dictionary.encode(activation)[..., chosen]
            case _:
                parts = [activation_of(each, activation) for each in self.features]
                return torch.stack(parts, dim=-1)
