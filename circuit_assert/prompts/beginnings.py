"""The beginnings of some documents: enough to compare many neurons on, and cheap."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Beginnings:
    """The first tokens of some units of a prompt set.

    What a causal model does at a position does not depend on what follows, so a beginning has the
    scores that the whole unit has there.

    Args:
        of: The whole set.
        rows: Which of the units that fit the model, counted after tokenizing.
        length: How many tokens of each, the beginning token included.
    """

    of: Prompts
    rows: tuple[int, ...]
    length: int

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"the first {self.length} tokens of {len(self.rows)} units of {self.of.name}"

    @property
    def fingerprint(self) -> str:
        """A hash of the whole set's and of the choice."""
        said = f"{self.of.fingerprint} {self.rows} {self.length}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.rows)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The beginnings in one model's tokens.

        Raises:
            TokenError: when no prompt of the whole set fits.
        """
        chosen = self.of.tokenize(tokenizer).only(self.rows)
        tokens = [row[: self.length] for row in chosen.tokens["clean"]]
        kept = [t[t[:, 0] < self.length - 1] for t in chosen.targets.get("clean", ())]
        return TokenizedPrompts(
            tokens={"clean": tokens},
            kept=chosen.kept,
            clusters=chosen.clusters,
            positions={"end": np.array([len(row) - 1 for row in tokens], np.int64)},
            targets={"clean": kept} if kept else {},
            groups=tuple(str(len(row)) for row in tokens),
        )
