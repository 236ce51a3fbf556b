"""Pieces of documents: from some token to another, after the beginning token."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Pieces:
    """Pieces of the units of a prompt set, each a unit of its own with its document's clusters.

    Args:
        of: The whole set.
        where: Of each piece: the unit, counted after tokenizing, its first token and its last one.
            The beginning token comes before it, unless the piece holds it.
    """

    of: Prompts
    where: tuple[tuple[int, int, int], ...]

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"{len(self.where)} pieces of {self.of.name}"

    @property
    def fingerprint(self) -> str:
        """A hash of the whole set's and of the pieces."""
        said = f"pieces {self.of.fingerprint} {self.where}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.where)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The pieces in one model's tokens.

        Raises:
            TokenError: when no prompt of the whole set fits.
        """
        whole = self.of.tokenize(tokenizer)
        begin = np.array(tokenizer.beginning, np.int64)
        rows = [
            np.concatenate([begin, whole.tokens["clean"][unit][max(first, len(begin)) : last + 1]])
            for unit, first, last in self.where
        ]
        units = [unit for unit, _, _ in self.where]
        return TokenizedPrompts(
            tokens={"clean": rows},
            kept=np.arange(len(rows)),
            clusters={name: tuple(ids[u] for u in units) for name, ids in whole.clusters.items()},
            positions={"end": np.array([len(row) - 1 for row in rows], np.int64)},
            groups=tuple(str(len(row)) for row in rows),
        )
