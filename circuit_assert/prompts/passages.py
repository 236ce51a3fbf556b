"""The beginnings of texts, and the same tokens in another order, or other tokens in their place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from circuit_assert.errors import PromptError, TokenError
from circuit_assert.prompts.base import Ints, Prompts, Side, TokenizedPrompts, Tokenizer
from circuit_assert.prompts.text import plain_text

Corruption = Literal["shuffled", "random", "moved"]

_LEAST = 8  # tokens, so that every relation has pairs
_BEFORE = {"previous": 1, "two before": 2, "three before": 3}


@dataclass(frozen=True)
class Passages:
    """The first tokens of texts, and as their corrupt side what was done to them.

    Relations, on both sides: "previous", "two before" and "three before" from every token that has
    three others before it, the first token of the sequence left out as a key; "first" and "moved"
    from every token of the second half to the first token and to where it is moved.

    Args:
        of: The texts; by default the shipped documents (`plain_text`).
        tokens: At most this many of each text; texts of fewer than 8 are dropped.
        corruption: "shuffled": the same tokens in random order. "random": ordinary tokens drawn at
            random. "moved": the first token of the sequence (the beginning token, where the model
            has one) stands in the middle instead, and everything after it where it was.
        beginning: False leaves the beginning token out, on both sides.
        seed: What orders and tokens are drawn with.
    """

    of: Prompts | None = None
    tokens: int = 48
    corruption: Corruption = "shuffled"
    beginning: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tokens < _LEAST:
            raise PromptError(f"passages have at least {_LEAST} tokens; got {self.tokens}.")

    @property
    def name(self) -> str:
        """How sentences call it."""
        return self._texts.name

    @property
    def fingerprint(self) -> str:
        """A hash of the texts' contents, and of what is done to them."""
        done = f"{self.tokens} {self.corruption} {self.beginning} {self.seed}"
        said = f"passages 1 {self._texts.fingerprint} {done}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def _texts(self) -> Prompts:
        return _documents() if self.of is None else self.of

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The passages in one model's tokens.

        Raises:
            TokenError: when no text is long enough.
        """
        whole = self._texts.tokenize(tokenizer)
        start = len(tokenizer.beginning)
        rows = [row[: start + self.tokens] for row in whole.tokens["clean"]]
        long = [unit for unit, row in enumerate(rows) if len(row) >= start + _LEAST]
        if not long:
            raise TokenError(f"no text of {self.name} has {_LEAST} tokens in {tokenizer.name}.")
        chosen = whole.only(long)
        skipped = 0 if self.beginning else start
        clean = [rows[unit][skipped:] for unit in long]
        kept = start - skipped
        corrupt = [
            self._corrupted(row, kept, int(unit), tokenizer)
            for row, unit in zip(clean, chosen.kept, strict=True)
        ]
        short = {int(unit) for unit in whole.kept} - {int(unit) for unit in chosen.kept}
        too_short = dict.fromkeys(short, f"it has fewer than {_LEAST} tokens")
        return TokenizedPrompts(
            tokens={"clean": clean, "corrupt": corrupt},
            kept=chosen.kept,
            clusters=chosen.clusters,
            positions={"end": np.array([len(row) - 1 for row in clean], np.int64)},
            dropped={**whole.dropped, **too_short},
            pairs=_relations([len(row) for row in clean], max(1, kept)),
            targets={
                "clean": [_next_tokens(row) for row in clean],
                "corrupt": [_next_tokens(row) for row in corrupt],
            },
            groups=tuple(str(len(row)) for row in clean),
            not_begun=self._not_begun(),
        )

    def _not_begun(self) -> tuple[Side, ...]:
        if not self.beginning:
            return ("clean", "corrupt")
        return ("corrupt",) if self.corruption == "moved" else ()

    def _corrupted(self, row: Ints, start: int, unit: int, tokenizer: Tokenizer) -> Ints:
        generator = np.random.default_rng([self.seed, unit])
        match self.corruption:
            case "shuffled":
                return np.concatenate([row[:start], generator.permutation(row[start:])])
            case "random":
                ordinary, count = tokenizer.ordinary_tokens(), len(row) - start
                drawn = generator.choice(ordinary, size=count, replace=len(ordinary) < count)
                return np.concatenate([row[:start], drawn])
            case "moved":
                middle = middle_of(len(row))
                return np.concatenate([row[1 : middle + 1], row[:1], row[middle + 1 :]])


def passages(on: Prompts, corruption: Corruption, *, beginning: bool = True) -> Passages:
    """Any prompt set as passages; passages with another corruption.

    Args:
        on: Texts; what they are asked for, and their own corrupt side, plays no role.
        corruption: See `Passages`; likewise `beginning`.
        beginning: Whether the beginning token is kept.
    """
    if isinstance(on, Passages):
        return Passages(on.of, on.tokens, corruption, beginning, on.seed)
    return Passages(on, corruption=corruption, beginning=beginning)


def middle_of(length: int) -> int:
    """Where the first token of a sequence is moved to."""
    return length // 2


@lru_cache(maxsize=1)
def _documents() -> Prompts:
    return plain_text()


def _relations(lengths: list[int], first: int) -> dict[str, list[Ints]]:
    relations = {
        name: [_back(length, first, by) for length in lengths] for name, by in _BEFORE.items()
    }
    relations["first"] = [_to(length, 0) for length in lengths]
    relations["moved"] = [_to(length, middle_of(length)) for length in lengths]
    return relations


def _back(length: int, first: int, by: int) -> Ints:
    queries = np.arange(first + max(_BEFORE.values()), length)
    return np.stack([queries, queries - by], axis=1)


def _to(length: int, key: int) -> Ints:
    """From every token after the middle, which come after the moved token on both sides."""
    queries = np.arange(middle_of(length) + 1, length)
    return np.stack([queries, np.full_like(queries, key)], axis=1)


def _next_tokens(row: Ints) -> Ints:
    return np.stack([np.arange(len(row) - 1), row[1:]], axis=1)
