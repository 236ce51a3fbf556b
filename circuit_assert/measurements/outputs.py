"""What the model says: logits, logit differences, losses, its most likely tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, ReadsLogits, Weights, at_role, targets_of
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Output:
    """Anything that reads only what leaves the last block."""

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """None: the final residual stream is enough."""
        return ()

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1


@dataclass(frozen=True)
class AtAnswer(Output):
    """What reads only the position at which the model answers.

    Args:
        at: The role at which it does.
    """

    at: str = "end"

    def final_positions(self, batch: Batch) -> Ints:
        """Where the model answers."""
        return at_role(batch, self.at)


@dataclass(frozen=True)
class LogitDifference(AtAnswer):
    """Logit of the answer minus that of the foil, at one position: `[unit]`.

    Args:
        at: The role at which the model answers.
    """

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "logit difference"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        answers, foils = _words(batch, "answers"), _words(batch, "foils")

        def score(final: torch.Tensor) -> torch.Tensor:
            tokens = _tensor(np.stack([answers, foils], axis=1), final)
            logits = weights.token_logits(_at(final, batch.positions(self.at)), tokens)
            return logits[:, 0] - logits[:, 1]

        return OutputReader(score)


@dataclass(frozen=True)
class CentredLogit(AtAnswer):
    """Logit of the answer minus the vocabulary's mean logit, at one position: `[unit]`.

    Args:
        at: The role at which the model answers.
    """

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "centred logit"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        answers = _words(batch, "answers")

        def score(final: torch.Tensor) -> torch.Tensor:
            tokens = _tensor(answers[:, None], final)
            return weights.centred_logits(_at(final, batch.positions(self.at)), tokens)[:, 0]

        return OutputReader(score)


@dataclass(frozen=True)
class LogProbability(ReadsLogits, AtAnswer):
    """log p of the answer's first token at one position: `[unit]`, in nats.

    Args:
        at: The role at which the model answers.
    """

    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return "log probability"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        answers = _words(batch, "answers")

        def score(final: torch.Tensor) -> torch.Tensor:
            here = _at(final, batch.positions(self.at))
            return weights.log_probabilities(here, _tensor(answers[:, None], final))[:, 0]

        return OutputReader(score)


@dataclass(frozen=True)
class Says(ReadsLogits, Output):
    """Whether the most likely token is the prompt's answer, or its foil: `[unit]`, 1 or 0.

    Args:
        which: "answers" or "foils".
        at: The role at which the model answers.
    """

    which: Literal["answers", "foils"] = "answers"
    at: str = "end"
    quantity: ClassVar[str] = "share"

    def __str__(self) -> str:
        return f"says the {self.which.removesuffix('s')}"

    def final_positions(self, batch: Batch) -> Ints:
        """Where the model answers."""
        return at_role(batch, self.at)

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        expected = _words(batch, self.which)

        def score(final: torch.Tensor) -> torch.Tensor:
            top = weights.top_tokens(_at(final, batch.positions(self.at)), 1)[:, 0]
            return (top == _tensor(expected, final)).float()

        return OutputReader(score)


@dataclass(frozen=True)
class Loss(ReadsLogits, Output):
    """Mean −log p of the next token over a set's target positions: `[unit]`, in nats.

    Args:
        places: At most this many targets of each unit, evenly spread; 0 means all.
    """

    places: int = 8
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return "loss"

    def final_positions(self, batch: Batch) -> Ints:
        """The targets."""
        rows, flat = targets_of(batch, self.places)
        return np.stack([rows, flat[:, 0]], axis=1)

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        rows, flat = targets_of(batch, self.places)

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            residual = final[_tensor(rows, final), _tensor(flat[:, 0], final)]
            loss = -weights.log_probabilities(residual, _tensor(flat[:, 1:], final))[:, 0]
            sums = torch.zeros(len(batch.units), device=final.device)
            counts = torch.bincount(_tensor(rows, final), minlength=len(batch.units))
            return sums.index_add(0, _tensor(rows, final), loss.float()) / counts

        return OutputReader(score)


@dataclass(frozen=True)
class TopTokens(ReadsLogits, Output):
    """The most likely next tokens at every position: `[unit, pos, k]`, padded with −1.

    Args:
        k: How many.
    """

    k: int = 20
    quantity: ClassVar[str] = "tokens"

    def __str__(self) -> str:
        return f"top {self.k} tokens"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""

        def score(final: torch.Tensor) -> torch.Tensor:
            flat = weights.top_tokens(final.reshape(-1, final.shape[-1]), self.k)
            return flat.reshape(*final.shape[:2], self.k)

        return OutputReader(score)


@dataclass(frozen=True)
class LargestLogit(ReadsLogits, Output):
    """The largest size of a most likely token's logit, over all positions: `[unit]`.

    Infinite ones make scores that are not finite anyway: they count as nothing.
    """

    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return "largest logit"

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""

        def score(final: torch.Tensor) -> torch.Tensor:
            flat = final.reshape(-1, final.shape[-1])
            logits = weights.token_logits(flat, weights.top_tokens(flat, 1))
            return logits.abs().nan_to_num(posinf=0.0).reshape(len(final), -1).amax(1)

        return OutputReader(score)


class OutputReader:
    """Scores the final residual stream.

    Args:
        score: `[row, pos, d_model]` → `[row, ...]`.
    """

    def __init__(self, score: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._score = score

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Nothing is read on the way."""

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, ...]`."""
        return self._score(final)


def _at(final: torch.Tensor, positions: Ints) -> torch.Tensor:
    return final[_tensor(np.arange(len(positions)), final), _tensor(positions, final)]


def _words(batch: Batch, which: str) -> Ints:
    tokens: Ints = getattr(batch.prompts, which)
    if not len(tokens):
        raise PromptError(f"the prompts have no {which}: give each Prompt one to compare logits.")
    return tokens[batch.units]


def _tensor(array: Ints, like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.as_tensor(array, device=like.device)
