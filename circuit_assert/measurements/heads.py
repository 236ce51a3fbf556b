"""What heads write: direct contributions to the next token, and how much they write at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Site
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights, targets_of
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class DirectContribution:
    """Every head's direct contribution to the logit of the next token: `[unit, layer, head]`.

    The logit is centred over the vocabulary; the scales of the final norm, and of the
    post-attention norm where there is one, are those of the run (frozen). Averaged over the
    unit's targets.
    """

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "direct contribution to the next token"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """`z` of every layer, and the post-attention scales where there are such norms."""
        names = ("z", "attn_post_scale") if weights.has_post_norms else ("z",)
        return tuple(Site(layer, name) for layer in range(weights.card.layers) for name in names)

    def last_layer(self, card: Card) -> int:
        """The model's last: the final scale is needed."""
        return card.layers - 1

    def final_positions(self, batch: Batch) -> Ints:
        """The targets."""
        rows, flat = targets_of(batch)
        return np.stack([rows, flat[:, 0]], axis=1)

    def reader(self, batch: Batch, weights: Weights) -> DirectReader:
        """What reduces one batch."""
        return DirectReader(batch, weights)


class DirectReader:
    """Projects each layer's head outputs at the targets onto the targets' unembeddings."""

    def __init__(self, batch: Batch, weights: Weights) -> None:
        self._rows, flat = targets_of(batch)
        self._positions, self._tokens = flat[:, 0], flat[:, 1]
        self._counts = np.bincount(self._rows, minlength=len(batch.units))
        self._weights = weights
        self._unembedding: torch.Tensor | None = None
        self._layers: dict[int, torch.Tensor] = {}
        self._scales: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's `z` `[row, pos, head, d_head]`, or its scale `[row, pos, 1]`."""
        import torch

        here = activation[self._rows, self._positions].float()
        if site.name == "attn_post_scale":
            self._scales[site.layer] = here
            return
        if self._unembedding is None:
            tokens = torch.as_tensor(self._tokens, device=activation.device)
            self._unembedding = self._weights.unembedding(tokens)
        w_o = self._weights.head_output_weights(site.layer)
        reading = torch.einsum("nm,hdm->nhd", self._unembedding, w_o)
        self._layers[site.layer] = (here * reading).sum(-1)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head]`."""
        import torch

        scale = self._weights.final_scale(final[self._rows, self._positions])[:, None]
        layers = [
            self._layers[layer] / (scale * self._scales.get(layer, 1.0))
            for layer in sorted(self._layers)
        ]
        by_target = torch.stack(layers, dim=1)
        counts = torch.as_tensor(self._counts, device=final.device)
        sums = torch.zeros(len(counts), *by_target.shape[1:], device=final.device)
        rows = torch.as_tensor(self._rows, device=final.device)
        return sums.index_add(0, rows, by_target) / counts[:, None, None]


@dataclass(frozen=True)
class HeadOutputMoments(ReadsOnTheWay):
    """Moments of every head's output: `[unit, layer, head, 1 + d_head]`.

    The first number is the mean of ‖z W_O‖² over positions, the others the mean `z`: together
    they give the norm of what a head's output varies by, ‖(z − z̄) W_O‖.
    """

    quantity: ClassVar[str] = "squared norm"

    def __str__(self) -> str:
        return "head output norm"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """`z` of every layer."""
        return tuple(Site(layer, "z") for layer in range(weights.card.layers))

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def reader(self, batch: Batch, weights: Weights) -> MomentsReader:
        """What reduces one batch."""
        return MomentsReader(weights)


class MomentsReader:
    """Averages squared output norms and `z` over positions."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._layers: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's `z`, `[row, pos, head, d_head]`; the beginning token is left out."""
        import torch

        z = activation[:, 1:].float()
        w_o = self._weights.head_output_weights(site.layer)
        squared = squared_norms_of_outputs(z, w_o).mean(1)
        self._layers[site.layer] = torch.cat([squared[..., None], z.mean(1)], dim=-1)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head, 1 + d_head]`."""
        import torch

        return torch.stack([self._layers[layer] for layer in sorted(self._layers)], dim=1)


def squared_norms_of_outputs(z: torch.Tensor, w_o: torch.Tensor) -> torch.Tensor:
    """‖z W_O‖² of `[row, pos, head, d_head]` and `[head, d_head, d_model]`: `[row, pos, head]`.

    By the products of W_O's rows with each other: a head's values are fewer than the stream's.
    """
    import torch

    squared: list[torch.Tensor] = []
    for head, writes in enumerate(w_o):
        own = z[:, :, head]
        squared.append((linear(own, linear(writes, writes)) * own).sum(-1))
    return torch.stack(squared, dim=-1)
