"""What a model writes after prompts, with something added to its residual stream or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.prompts.base import Ints, Prompts

_ROWS = 256  # at once


@dataclass(frozen=True)
class Continuations:
    """The tokens that follow prompts: `[unit, token]`, as floats.

    Each is the likeliest, or drawn at temperature 1. What is added is so at every position but
    the first, also of what is written.

    Args:
        on: The prompts.
        tokens: How many to write.
        site: A residual-stream site; None for nothing added.
        vectors: `[unit, d_model]`, numbered as the prompts that fit the model.
        key: What identifies the vectors.
        seed: What tokens are drawn with; None for the likeliest.
    """

    on: Prompts
    tokens: int
    site: Site | None = None
    vectors: object = field(default=None, compare=False, repr=False)
    key: str = ""
    seed: int | None = None
    quantity: ClassVar[str] = "token"

    def __str__(self) -> str:
        how = "" if self.seed is None else ", drawn"
        return f"{self.tokens} tokens after {self.on.name}{how} {self.key}".rstrip()

    def compute(self, weights: Weights) -> Array:
        """The tokens' numbers.

        Raises:
            PromptError: when prompts and what is written are longer than the model takes.
        """
        return self.compute_all(weights, [self])[0]

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """Those of each: rows of one length to which something is added at one site go together.

        Raises:
            PromptError: as `compute`.
        """
        found: list[Array] = []
        alike: dict[tuple[object, ...], list[_Row]] = {}
        for each in several:
            beginnings = each._beginnings(weights)
            found.append(np.zeros((len(beginnings), each.tokens)))
            for unit, tokens in enumerate(beginnings):
                kind = len(tokens), each.tokens, each.site, each.seed is None
                alike.setdefault(kind, []).append(_Row(each, unit, tokens, found[-1][unit]))
        for rows in alike.values():
            for start in range(0, len(rows), _ROWS):
                _write(weights, rows[start : start + _ROWS])
        return found

    def _beginnings(self, weights: Weights) -> Sequence[Ints]:
        rows = self.on.tokenize(weights.tokenizer).tokens["clean"]
        longest = max(map(len, rows)) + self.tokens
        if longest > weights.tokenizer.context_length:
            raise PromptError(
                f"{self.on.name} with {self.tokens} tokens more is up to {longest} tokens long; "
                f"{weights.tokenizer.name} takes {weights.tokenizer.context_length}."
            )
        return rows


@dataclass(frozen=True)
class _Row:
    """What one unit of a measurement begins with, and where what follows is put."""

    of: Continuations
    unit: int
    tokens: Ints
    following: Array


def _write(weights: Weights, rows: Sequence[_Row]) -> None:
    """Write on after rows of equal length, to which something is added at one site."""
    import torch

    first = rows[0].of
    vectors = None
    if first.site is not None:
        added = [np.asarray(row.of.vectors)[row.unit] for row in rows]
        vectors = torch.from_numpy(np.stack(added))
    draws = None
    if first.seed is not None:
        own = [np.random.default_rng((row.of.seed or 0, row.unit)) for row in rows]
        draws = torch.from_numpy(np.stack([each.random(first.tokens) for each in own]))
    written = weights.generate(
        torch.from_numpy(np.stack([row.tokens for row in rows])),
        first.tokens,
        site=first.site,
        vectors=vectors,
        draws=draws,
    )
    for row, tokens in zip(rows, written.cpu().numpy(), strict=True):
        row.following[:] = tokens


def texts_of(found: Array, weights: Weights) -> list[str]:
    """What was written, as texts."""
    tokenizer = weights.tokenizer
    decode = getattr(tokenizer, "decode", None)
    if decode is not None:
        return [str(decode([int(token) for token in row])) for row in found]
    return ["".join(tokenizer.piece(int(token)) for token in row) for row in found]
