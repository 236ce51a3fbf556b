"""How far apart the unembedding puts two answers, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.measurements.outputs import OutputReader
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class AnswerDistance(ReadsOnTheWay):
    """The length of the answer's unembedding minus the foil's, the final gain in it: `[unit]`."""

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "distance of answer and foil"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """None."""
        return ()

    def last_layer(self, card: Card) -> int:
        """The first: none is read."""
        return 0

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What works out one batch.

        Raises:
            PromptError: when the prompts have no answers or no foils.
        """
        prompts = batch.prompts
        if not len(prompts.answers) or not len(prompts.foils):
            raise PromptError("distances of answers need prompts with an answer and a foil each.")
        tokens = np.stack([prompts.answers[batch.units], prompts.foils[batch.units]])

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            answers, foils = (
                weights.unembedding(torch.as_tensor(each, device=final.device)) for each in tokens
            )
            return (answers - foils).norm(dim=-1)

        return OutputReader(score)
