"""Beginnings of documents that end in tokens of one's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Endings:
    """The first tokens of documents, each followed by given tokens.

    Args:
        of: The documents.
        ends: Of each unit: the document, counted after tokenizing, and the tokens.
        length: At most so many tokens of the document, the beginning token included.
    """

    of: Prompts
    ends: tuple[tuple[int, ...], ...]
    length: int

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"{len(self.ends)} endings of {self.of.name}"

    @cached_property
    def _fingerprint(self) -> str:
        said = f"endings {self.of.fingerprint} {self.ends} {self.length}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """A hash of the documents and of the endings."""
        return self._fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __len__(self) -> int:
        return len(self.ends)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The units in one model's tokens.

        Raises:
            TokenError: when no document fits.
        """
        whole = self.of.tokenize(tokenizer)
        rows = [
            np.concatenate([whole.tokens["clean"][unit][: self.length], tokens])
            for unit, *tokens in self.ends
        ]
        units = [unit for unit, *_ in self.ends]
        return TokenizedPrompts(
            tokens={"clean": rows},
            kept=np.arange(len(rows)),
            clusters={name: tuple(ids[u] for u in units) for name, ids in whole.clusters.items()},
            positions={"end": np.array([len(row) - 1 for row in rows], np.int64)},
            groups=tuple(str(len(row)) for row in rows),
        )
