"""What components write straight into a logit difference: direct logit attribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Site, SiteName
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, Weights, at_role
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class DirectLogitDifference:
    """Every head's and MLP's direct contribution to the answer's logit minus the foil's.

    `[unit, layer, head + 1]`, the MLP last. The scales of the final norm, and of the
    post-attention norm where there is one, are those of the run (frozen).

    Args:
        at: The role at which the model answers.
    """

    at: str = "end"
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "direct contribution to the logit difference"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What heads and MLPs write, and the post-attention scales where there are such norms."""
        names: tuple[SiteName, ...] = ("z", "mlp_out")
        if weights.has_post_norms:
            names = (*names, "attn_post_scale")
        return tuple(Site(layer, name) for layer in range(weights.card.layers) for name in names)

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def final_positions(self, batch: Batch) -> Ints:
        """Where the model answers."""
        return at_role(batch, self.at)

    def reader(self, batch: Batch, weights: Weights) -> DirectDifferenceReader:
        """What reduces one batch.

        Raises:
            PromptError: when the prompts have no answers or no foils.
        """
        prompts = batch.prompts
        if not len(prompts.answers) or not len(prompts.foils):
            raise PromptError("direct contributions need prompts with an answer and a foil each.")
        tokens = np.stack([prompts.answers[batch.units], prompts.foils[batch.units]], axis=1)
        return DirectDifferenceReader(batch.positions(self.at), tokens, weights)


class DirectDifferenceReader:
    """Projects what is written at one position of each row onto answer minus foil.

    Args:
        positions: `[row]`.
        tokens: `[row, 2]`, answer and foil.
        weights: The model.
    """

    def __init__(self, positions: Ints, tokens: Ints, weights: Weights) -> None:
        self._rows, self._positions, self._tokens = np.arange(len(tokens)), positions, tokens
        self._weights = weights
        self._toward: torch.Tensor | None = None
        self._heads: dict[int, torch.Tensor] = {}
        self._mlps: dict[int, torch.Tensor] = {}
        self._scales: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's `z`, its scale, or what its MLP adds."""
        import torch

        here = activation[self._rows, self._positions].float()
        match site.name:
            case "attn_post_scale":
                self._scales[site.layer] = here
            case "z":
                w_o = self._weights.head_output_weights(site.layer)
                reading = torch.einsum("nm,hdm->nhd", self._direction(activation), w_o)
                self._heads[site.layer] = (here * reading).sum(-1)
            case _:
                written = (here * self._direction(activation)).sum(-1, keepdim=True)
                self._mlps[site.layer] = written

    def _direction(self, like: torch.Tensor) -> torch.Tensor:
        """Answer minus foil, `[row, d_model]`."""
        import torch

        if self._toward is None:
            tokens = torch.as_tensor(self._tokens, device=like.device)
            answers, foils = (self._weights.unembedding(tokens[:, k]) for k in (0, 1))
            self._toward = answers - foils
        return self._toward

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head + 1]`."""
        import torch

        layers = [
            torch.cat([self._heads[n] / self._scales.get(n, 1.0), self._mlps[n]], dim=-1)
            for n in sorted(self._heads)
        ]
        written = torch.stack(layers, dim=1)
        scale = self._weights.final_scale(final[self._rows, self._positions])
        return written / scale[:, None, None]
