"""Which ordinal word a head raises most when it reads another, from weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Head
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.other_heads import HeadSets
from circuit_assert.prompts.ordinals import Ordinals

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class RaisedMost:
    """The place of the ordinal word that is raised most, for each that is read: `[token]`.

    Words are read by their effective embedding; all of them compete, of every class. −1 where none
    is raised more than all others.

    Args:
        heads: Heads whose outputs are summed.
        words: The words; places are those of `Ordinals.numbers`.
    """

    heads: tuple[Head, ...]
    words: Ordinals
    quantity: ClassVar[str] = "place"

    def __str__(self) -> str:
        return f"what {'+'.join(map(str, self.heads))} raises most, of {self.words}"

    def compute(self, weights: Weights) -> Array:
        """The places."""
        return _best(weights, [self.heads], self.words)[0]


@dataclass(frozen=True)
class RaisedMostAcrossHeads:
    """The same for sets of heads drawn at random: `[set, token]`.

    Args:
        heads: Which sets.
        words: The words.
    """

    heads: HeadSets
    words: Ordinals
    quantity: ClassVar[str] = "place"

    def __str__(self) -> str:
        return f"what {self.heads} raise most, of {self.words}"

    def compute(self, weights: Weights) -> Array:
        """The places."""
        return _best(weights, self.heads.drawn(weights.card), self.words)


def _best(weights: Weights, sets: list[tuple[Head, ...]], words: Ordinals) -> Array:
    import torch

    tokens = torch.from_numpy(words.numbers(weights.tokenizer))
    if len(tokens) < 2:
        return np.full((len(sets), len(tokens)), -1.0)
    read = weights.normalised(weights.token_embeddings(tokens, effective=True))
    unembedding = weights.unembedding(tokens).to(read)
    rows = [_raised_most(_written(weights, heads, read), unembedding) for heads in sets]
    return np.stack(rows) if rows else np.empty((0, len(tokens)))


def _written(weights: Weights, heads: tuple[Head, ...], read: torch.Tensor) -> torch.Tensor:
    """What heads write together for each token, `[token, d_model]`."""
    import torch

    parts = [
        read
        @ weights.head_input_weights(head.layer, "v")[head.head]
        @ weights.head_output_weights(head.layer)[head.head]
        for head in heads
    ]
    return torch.stack(parts).sum(0)


def _raised_most(written: torch.Tensor, unembedding: torch.Tensor) -> Array:
    logits = linear(written, unembedding)
    first, second = logits.topk(2, dim=1).values.unbind(1)
    rounding = 1e-6 * written.norm(dim=1) * unembedding.norm(dim=1).max()
    best = logits.argmax(1)
    best[first - second <= rounding] = -1
    return best.double().cpu().numpy()
