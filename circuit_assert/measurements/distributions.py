"""What the distribution of the next token is like: how even, how near another, what ranks where."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Site
from circuit_assert.measurements.base import Batch, ReadsLogits, Weights, targets_of
from circuit_assert.measurements.frequencies import unigram_log_probabilities
from circuit_assert.measurements.outputs import OutputReader
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Prompts

if TYPE_CHECKING:
    import torch

_ROWS = 64  # rows of full logits held together: 64 × 262,144 float32 is 67 MB


@dataclass(frozen=True)
class AtTargets(ABC):
    """Something read from what leaves the last block, where a next token is known.

    `[unit, place, ...]`, padded with NaN where a unit has fewer places. What follows the first
    position, where attention sinks are, is left out.

    Args:
        places: About this many targets of each unit, evenly spread.
    """

    places: int = 8
    quantity: ClassVar[str] = "nats"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """None: the final residual stream is enough."""
        return ()

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def final_positions(self, batch: Batch) -> Ints:
        """The targets."""
        rows, flat = self._targets(batch)
        return np.stack([rows, flat[:, 0]], axis=1)

    def _targets(self, batch: Batch) -> tuple[Ints, Ints]:
        rows, flat = targets_of(batch, self.places + 1)
        later = flat[:, 0] > 0
        return rows[later], flat[later]

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        rows, flat = self._targets(batch)
        column = np.arange(len(rows)) - np.searchsorted(rows, rows)

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            there = (torch.as_tensor(each, device=final.device) for each in (rows, flat[:, 0]))
            residual = final[tuple(there)]
            targets = torch.as_tensor(flat[:, 1], device=final.device)
            numbers = self._of(residual, targets, batch.units[rows], column, weights)
            shape = (len(batch.units), self.places + 1, *numbers.shape[1:])
            found = torch.full(shape, torch.nan)
            found[rows, column] = numbers.float().cpu()
            return found

        return OutputReader(score)

    @abstractmethod
    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        """The numbers of some places: `[n, d_model]`, `[n]` three times → `[n, ...]`."""


@dataclass(frozen=True)
class Entropy(ReadsLogits, AtTargets):
    """Of the next token's distribution, in nats: `[unit, place]`.

    Args:
        scales: `[unit, place]`, what the final norm divides by in place of its own; None for that.
        key: What identifies the scales.
    """

    scales: object = field(default=None, compare=False, repr=False)
    key: str = ""
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return f"entropy {self.key}".rstrip()

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        import torch

        scale = None
        if self.scales is not None:
            given = np.asarray(self.scales)[units, column]
            scale = torch.as_tensor(given, device=residual.device)
        return weights.entropy(residual, scale)


@dataclass(frozen=True)
class UnigramDivergence(ReadsLogits, AtTargets):
    """KL divergence of the next token's distribution to the unigram one, in nats: `[unit, place]`.

    Args:
        counted: The documents whose tokens are counted.
    """

    counted: Prompts | None = None
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return f"divergence to the unigram distribution of {self.counted and self.counted.name}"

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        import torch

        assert self.counted is not None  # noqa: S101 - a default only because `places` has one
        unigram = torch.from_numpy(unigram_log_probabilities(self.counted, weights))
        return weights.divergence(residual, unigram.to(residual.device, torch.float32))


@dataclass(frozen=True)
class LogRank(ReadsLogits, AtTargets):
    """Natural logarithm of the next token's rank, 0 for the likeliest: `[unit, place]`."""

    quantity: ClassVar[str] = "log rank"

    def __str__(self) -> str:
        return "log rank of the next token"

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        import torch

        found: list[torch.Tensor] = []
        for some, target in zip(residual.split(_ROWS), targets.split(_ROWS), strict=True):
            logits = weights.all_logits(some)
            own = logits.gather(1, target[:, None])
            found.append((logits > own).sum(-1) + 1)
        return torch.cat(found).double().log()


@dataclass(frozen=True)
class FinalScale(AtTargets):
    """What the final norm divides by, 1 where there is none: `[unit, place]`."""

    quantity: ClassVar[str] = "scale"

    def __str__(self) -> str:
        return "final scale"

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        return weights.final_scale(residual)


@dataclass(frozen=True)
class FinalResidual(AtTargets):
    """What leaves the last block: `[unit, place, d_model]`."""

    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return "final residual stream"

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        return residual


@dataclass(frozen=True)
class DivergenceFrom(ReadsLogits, AtTargets):
    """KL(p ‖ q) of next tokens, in nats, p being of another run and q of this: `[unit, place]`.

    Args:
        residuals: `[unit, place, d_model]`, what left the last block in the other run.
        key: What identifies that run.
    """

    residuals: object = field(default=None, compare=False, repr=False)
    key: str = ""
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return f"KL divergence from {self.key}"

    def _of(
        self,
        residual: torch.Tensor,
        targets: torch.Tensor,
        units: Ints,
        column: Ints,
        weights: Weights,
    ) -> torch.Tensor:
        import torch

        other = torch.as_tensor(np.asarray(self.residuals)[units, column]).to(residual)
        pairs = zip(other.split(_ROWS), residual.split(_ROWS), strict=True)
        return torch.cat([_divergence(p, q, weights) for p, q in pairs])


def _divergence(of: torch.Tensor, to: torch.Tensor, weights: Weights) -> torch.Tensor:
    """KL divergence by what leaves the last block: twice `[n, d_model]` → `[n]`.

    With δ = log q − log p + const, KL = log E_p exp δ − E_p δ. With E_p δ = 0, which the constant
    is free for, what is left is E_p (exp δ − 1): no difference of large numbers.
    """
    logits = weights.all_logits(of)
    change = weights.all_logits(to).sub_(logits)
    p = logits.softmax(-1)
    change -= (p * change).sum(-1, keepdim=True)
    return p.mul_(change.expm1_()).sum(-1).log1p()
