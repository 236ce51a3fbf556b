"""The logits of all words that a prompt set asks for or compares with, on each of its prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, Weights
from circuit_assert.measurements.outputs import AtAnswer, OutputReader
from circuit_assert.prompts.base import Ints, TokenizedPrompts

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class AnswerLogits(AtAnswer):
    """Logits of the first tokens of every answer and foil of the set: `[unit, token]`.

    The tokens are those of `tokens_of`, in that order, the same for every unit.

    Args:
        at: The role at which the model answers.
    """

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "logits of all answers"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        tokens = tokens_of(batch.prompts)
        positions = batch.positions(self.at)

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            here = final[range(len(positions)), positions]
            each = torch.as_tensor(tokens, device=final.device).expand(len(here), -1)
            return weights.token_logits(here, each)

        return OutputReader(score)


def tokens_of(prompts: TokenizedPrompts) -> Ints:
    """The first tokens of every answer and foil of a set, each once, in rising order.

    Raises:
        PromptError: when the prompts have no answers or no foils.
    """
    if not len(prompts.answers) or not len(prompts.foils):
        raise PromptError("the logits of answers need prompts with an answer and a foil each.")
    return np.unique(np.concatenate([prompts.answers, prompts.foils]))
