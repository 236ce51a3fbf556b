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
        beginnings = [each._beginnings(weights) for each in several]
        found: list[Array] = [
            np.zeros((len(rows), each.tokens))
            for each, rows in zip(several, beginnings, strict=True)
        ]
        alike: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        for number, (each, rows) in enumerate(zip(several, beginnings, strict=True)):
            for unit, row in enumerate(rows):
                kind = len(row), each.tokens, each.site, each.seed is None
                alike.setdefault(kind, []).append((number, unit))
        for rows in alike.values():
            for start in range(0, len(rows), _ROWS):
                some = rows[start : start + _ROWS]
                given = [beginnings[number][unit] for number, unit in some]
                owners = [(several[number], unit) for number, unit in some]
                for (number, unit), written in zip(
                    some, _written(weights, given, owners), strict=True
                ):
                    found[number][unit] = written
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


def _written(
    weights: Weights, rows: Sequence[Ints], owners: Sequence[tuple[Continuations, int]]
) -> Array:
    """What follows rows of equal length, each one unit's of a measurement: `[row, token]`."""
    import torch

    first = owners[0][0]
    vectors = None
    if first.site is not None:
        added = [np.asarray(each.vectors)[unit] for each, unit in owners]
        vectors = torch.from_numpy(np.stack(added))
    draws = None
    if first.seed is not None:
        places = [np.random.default_rng((each.seed or 0, unit)) for each, unit in owners]
        draws = torch.from_numpy(np.stack([place.random(first.tokens) for place in places]))
    written = weights.generate(
        torch.from_numpy(np.stack(rows)),
        first.tokens,
        site=first.site,
        vectors=vectors,
        draws=draws,
    )
    return written.cpu().numpy()


def texts_of(found: Array, weights: Weights) -> list[str]:
    """What was written, as texts."""
    tokenizer = weights.tokenizer
    decode = getattr(tokenizer, "decode", None)
    if decode is not None:
        return [str(decode([int(token) for token in row])) for row in found]
    return ["".join(tokenizer.piece(int(token)) for token in row) for row in found]
