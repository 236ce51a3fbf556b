"""Some units of a prompt set, told only by what tokenizing tells."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Chosen:
    """Some of the units that fit the model.

    Args:
        of: The whole set.
        rows: Which, counted after tokenizing.
        what: What they have in common, as sentences say it.
    """

    of: Prompts
    rows: tuple[int, ...]
    what: str

    @property
    def name(self) -> str:
        """How sentences call it."""
        return f"{self.of.name} {self.what}"

    @property
    def fingerprint(self) -> str:
        """A hash of the whole set's and of the choice."""
        said = f"chosen {self.of.fingerprint} {self.rows}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.rows)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The units in one model's tokens.

        Raises:
            TokenError: when no prompt of the whole set fits.
        """
        return self.of.tokenize(tokenizer).only(self.rows)
