"""The logit lens: what the unembedding reads in each layer's residual stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights, at_role, leaving
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Tokenizer

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LensOfAnswers(ReadsOnTheWay):
    """log p of the first tokens of answer and foil, read off every layer: `[unit, layer, 2]`.

    The final norm is applied to each layer's own residual stream.

    Args:
        at: The role at which the model answers.
    """

    at: str = "end"
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return "logit lens of answer and foil"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What leaves each block."""
        return tuple(Site(layer, "resid_post") for layer in range(weights.card.layers))

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def unembedded(self, batch: Batch, card: Card, tokenizer: Tokenizer) -> Ints:
        """Where the model answers, in each layer."""
        places = at_role(batch, self.at)
        return np.concatenate([leaving(layer, places) for layer in range(card.layers)])

    def reader(self, batch: Batch, weights: Weights) -> LensReader:
        """What reduces one batch.

        Raises:
            PromptError: when the prompts have no answers or no foils.
        """
        if not len(batch.prompts.answers) or not len(batch.prompts.foils):
            raise PromptError("the logit lens needs prompts with an answer and a foil each.")
        return LensReader(batch, self.at, weights)


class LensReader:
    """Reads each layer as if it were the last.

    Args:
        batch: The rows.
        at: The role at which to read.
        weights: The model.
    """

    def __init__(self, batch: Batch, at: str, weights: Weights) -> None:
        self._positions, self._weights = batch.positions(at), weights
        words = batch.prompts.answers, batch.prompts.foils
        self._words = np.stack([each[batch.units] for each in words], axis=1)
        self._layers: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's residual stream."""
        import torch

        here = activation[range(len(self._positions)), self._positions]
        tokens = torch.as_tensor(self._words, device=activation.device)
        self._layers[site.layer] = self._weights.log_probabilities(here, tokens)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, 2]`."""
        import torch

        return torch.stack([self._layers[layer] for layer in sorted(self._layers)], dim=1)
