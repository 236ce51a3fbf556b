"""What a model writes after prompts, with something added to its residual stream or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.prompts.base import Prompts


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
        import torch

        rows = self.on.tokenize(weights.tokenizer).tokens["clean"]
        lengths = np.array([len(row) for row in rows])
        longest = int(lengths.max()) + self.tokens
        if longest > weights.tokenizer.context_length:
            raise PromptError(
                f"{self.on.name} with {self.tokens} tokens more is up to {longest} tokens long; "
                f"{weights.tokenizer.name} takes {weights.tokenizer.context_length}."
            )
        found = np.zeros((len(rows), self.tokens), np.float64)
        for length in np.unique(lengths):
            units = np.flatnonzero(lengths == length).tolist()
            vectors = None
            if self.site is not None:
                vectors = torch.from_numpy(np.asarray(self.vectors)[units])
            written = weights.generate(
                torch.from_numpy(np.stack([rows[unit] for unit in units])),
                self.tokens,
                site=self.site,
                vectors=vectors,
                seed=None if self.seed is None else self.seed * 1009 + int(length),
            )
            found[units] = written.cpu().numpy()
        return found


def texts_of(found: Array, weights: Weights) -> list[str]:
    """What was written, as texts."""
    tokenizer = weights.tokenizer
    decode = getattr(tokenizer, "decode", None)
    if decode is not None:
        return [str(decode([int(token) for token in row])) for row in found]
    return ["".join(tokenizer.piece(int(token)) for token in row) for row in found]
