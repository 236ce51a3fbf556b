"""Ordinal words: numbers, days, months, letters, each with the one that comes after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from circuit_assert.errors import PromptError, TokenError
from circuit_assert.prompts.base import Ints, Tokenizer
from circuit_assert.prompts.data import read

LEAST = 6
"""The fewest pairs of a word and its successor that a class is tested with."""


@dataclass(frozen=True)
class Ordinals:
    """Classes of words in order; of each, those that are one token of a model.

    A class is taken with a space before its words or without, whichever has more single tokens.

    Args:
        classes: Their names.
    """

    classes: tuple[str, ...]

    def __str__(self) -> str:
        return f"ordinal words ({', '.join(self.classes)})"

    def numbers(self, tokenizer: Tokenizer) -> Ints:
        """All their tokens, class by class."""
        rows = [token for tokens in self.of(tokenizer).values() for token in tokens if token >= 0]
        return np.array(rows, np.int64)

    def of(self, tokenizer: Tokenizer) -> dict[str, list[int]]:
        """Class → the token of each word in order; −1 for one that is no single token."""
        return {name: _tokens(name, tokenizer) for name in self.classes}

    def successors(self, tokenizer: Tokenizer) -> dict[str, Ints]:
        """Class → `[pair, 2]`: places of a word and of its successor in `numbers`."""
        pairs: dict[str, Ints] = {}
        place = 0
        for name, tokens in self.of(tokenizer).items():
            places = np.full(len(tokens), -1)
            known = np.array(tokens) >= 0
            places[known] = place + np.arange(known.sum())
            place += int(known.sum())
            both = np.stack([places[:-1], places[1:]], axis=1)
            pairs[name] = both[(both >= 0).all(1)]
        return pairs


def ordinals(*classes: str) -> Ordinals:
    """The classes by name; all that are shipped by default.

    Raises:
        PromptError: for a class that there is not, or one said twice.
    """
    known = read("ordinals")
    chosen = tuple(name.replace(" ", "_") for name in classes) or tuple(known)
    strange = [name for name in chosen if name not in known]
    if strange or len(set(chosen)) < len(chosen):
        raise PromptError(
            f"classes of ordinal words are {', '.join(known)}, each once; got {', '.join(classes)}."
        )
    return Ordinals(chosen)


def ordinal_words(name: str) -> tuple[str, ...]:
    """The words of a class in order, without spaces; "-" for a gap."""
    said = str(read("ordinals")[name])
    if ".." in said:
        first, last = map(int, said.split(".."))
        return tuple(map(str, range(first, last + 1)))
    return tuple(said.split())


@lru_cache(maxsize=256)
def _tokens(name: str, tokenizer: Tokenizer) -> list[int]:
    words = ordinal_words(name)
    ordinary = set(tokenizer.ordinary_tokens().tolist())
    forms = [[_single(f"{space}{word}", tokenizer, ordinary) for word in words] for space in " _"]
    return max(forms, key=lambda tokens: sum(token >= 0 for token in tokens))


def _single(text: str, tokenizer: Tokenizer, ordinary: set[int]) -> int:
    text = text.removeprefix("_")
    if text.strip() == "-":
        return -1
    try:
        tokens = tokenizer.encode(text)
    except TokenError:
        return -1
    return tokens[0] if len(tokens) == 1 and tokens[0] in ordinary else -1
