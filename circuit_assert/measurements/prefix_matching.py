"""Prefix matching as others define it: by sums over all earlier occurrences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from circuit_assert.measurements.attention import AttentionReader, ReadsPatterns
from circuit_assert.measurements.base import Batch, Weights

if TYPE_CHECKING:
    import torch

PAIRS = "after every occurrence"
"""The relation that it is taken over."""


@dataclass(frozen=True)
class AttentionAfterOccurrences(ReadsPatterns):
    """Attention to the tokens after all earlier occurrences, summed: `[unit, layer, head]`.

    Args:
        over: What the sum is divided by: the number of "queries" that have an earlier occurrence
            (Olsson et al. 2022), or of all "rows" of the pattern, whose entries sum to one each
            (TransformerLens' `head_detector`, "mul").
    """

    over: Literal["queries", "rows"]
    quantity: ClassVar[str] = "attention"

    def __str__(self) -> str:
        return f"attention after earlier occurrences, over {self.over}"

    def reader(self, batch: Batch, weights: Weights) -> AttentionReader:
        """What reduces one batch."""
        return AttentionReader(self._weights(batch), weights.card)

    def _weights(self, batch: Batch) -> torch.Tensor:
        import torch

        weights = torch.zeros(len(batch.units), batch.length, batch.length)
        for row, unit in enumerate(batch.units):
            pairs = batch.prompts.pairs[PAIRS][int(unit)]
            count = len(np.unique(pairs[:, 0])) if self.over == "queries" else batch.length
            weights[row, pairs[:, 0], pairs[:, 1]] = 1.0 / count
        return weights
