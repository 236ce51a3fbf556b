"""The first tokens of every prompt: rows of one length, which share a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.errors import PromptError, TokenError
from circuit_assert.prompts.base import Prompts, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Truncated:
    """Another prompt set, cut after as many tokens; shorter prompts are dropped.

    Args:
        prompts: The set.
        tokens: How many tokens are left, the beginning token included.
    """

    prompts: Prompts
    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 2:
            raise PromptError(f"truncating to {self.tokens} tokens leaves nothing to predict.")

    @property
    def name(self) -> str:
        """How sentences call it."""
        return self.prompts.name

    @property
    def fingerprint(self) -> str:
        """A hash of its contents."""
        return f"{self.prompts.fingerprint}:{self.tokens}"

    def __len__(self) -> int:
        return len(self.prompts)

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The set's tokens, cut; answers and roles other than "end" are gone.

        Raises:
            TokenError: when no prompt is long enough.
        """
        whole = self.prompts.tokenize(tokenizer)
        long = [u for u, row in enumerate(whole.tokens["clean"]) if len(row) >= self.tokens]
        if not long:
            raise TokenError(f"no prompt of {self.name} has {self.tokens} tokens.")
        chosen = whole.only(long)
        rows = [row[: self.tokens] for row in chosen.tokens["clean"]]
        places = np.arange(self.tokens - 1)
        short = set(range(len(whole))) - set(long)
        too_short = {int(whole.kept[u]): f"it has fewer than {self.tokens} tokens" for u in short}
        return replace(
            chosen,
            tokens={"clean": rows},
            dropped={**whole.dropped, **too_short},
            positions={"end": np.full(len(long), self.tokens - 1)},
            answers=np.empty(0, np.int64),
            foils=np.empty(0, np.int64),
            pairs={},
            targets={"clean": [np.stack([places, row[1:]], axis=1) for row in rows]},
            groups=("",) * len(long),
        )
