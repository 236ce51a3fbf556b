"""What a text is like, as a share between 0 and 1: counted, never judged by a language model."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from circuit_assert.errors import PromptError
from circuit_assert.prompts.labels import Script, ScriptName

_REPLACEMENT = "�"
_LEAST_OF_A_KIND = 0.05
_ORDERS = (1, 2, 3)  # characters of the n-grams by which languages are told


class Scorer(Protocol):
    """Something that texts have more or less of. Frozen and hashable."""

    @property
    def identity(self) -> str:
        """What tells it from others."""
        ...

    def __str__(self) -> str: ...

    def score(self, text: str) -> float:
        """From 0, none of it, to 1, nothing else."""
        ...


@dataclass(frozen=True)
class ScriptShare:
    """The share of a text's letters that are of a script; parts of characters are not letters.

    Args:
        name: A script, as of `Script`.
    """

    name: ScriptName

    def __post_init__(self) -> None:
        Script(self.name)

    def __str__(self) -> str:
        return f"{self.name} letters"

    @property
    def identity(self) -> str:
        """Its words."""
        return str(self)

    def score(self, text: str) -> float:
        """The share; 0 for a text without letters."""
        letters = [c for c in text if c.isalpha() and c != _REPLACEMENT]
        script = Script(self.name)
        return sum(script.of(c) == 1.0 for c in letters) / max(len(letters), 1)


@dataclass(frozen=True)
class UpperCase:
    """The share of upper-case letters among those that have a case."""

    def __str__(self) -> str:
        return "upper-case letters"

    @property
    def identity(self) -> str:
        """Its words."""
        return str(self)

    def score(self, text: str) -> float:
        """The share; 0 for a text without cased letters."""
        upper, lower = (sum(f(c) for c in text) for f in (str.isupper, str.islower))
        return upper / max(upper + lower, 1)


@dataclass(frozen=True)
class Alphabet:
    """The share of a text's characters that are of an alphabet, where they vary as they should.

    A text counts for nothing when its characters of the alphabet have less than `entropy` bits,
    as a repetition has, or when a kind of character of the alphabet (upper case, lower case,
    digits) makes less than a twentieth of them, as digits do of plain English, which base64's
    alphabet holds. Spaces are characters like others.

    Args:
        name: What sentences call it: "DNA".
        characters: The alphabet: "ACGT".
        entropy: Bits per character that there must be.
    """

    name: str
    characters: str
    entropy: float

    def __post_init__(self) -> None:
        most = math.log2(max(len(set(self.characters)), 1))
        if not 0 < self.entropy < most:
            raise PromptError(
                f"{len(set(self.characters))} characters have at most {most:.3g} bits each, and a "
                f"repetition none; got {self.entropy:g}."
            )
        if set("abcdefghijklmnopqrstuvwxyz") <= set(self.characters) and len(self._kinds()) < 2:
            raise PromptError(
                f"the alphabet {self.name!r} holds all of plain English: it would be everywhere."
            )

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """Its name and characters."""
        return f"{self.name}#{''.join(sorted(set(self.characters)))}#{self.entropy:g}"

    def score(self, text: str) -> float:
        """The share, or 0."""
        own = [c for c in text if c in self.characters]
        if not own or _entropy(own) < self.entropy:
            return 0.0
        kinds = Counter(_kind(c) for c in own)
        if any(kinds[kind] < _LEAST_OF_A_KIND * len(own) for kind in self._kinds()):
            return 0.0
        return len(own) / len(text)

    def _kinds(self) -> set[str]:
        return {_kind(c) for c in self.characters} - {""}


@dataclass(frozen=True)
class Language:
    """How probable it is that a text is in one of some languages, by n-grams of its characters.

    A small Bayes classifier made of the texts at hand, all languages equally likely beforehand.

    Args:
        name: The language.
        examples: Language → texts in it.
    """

    name: str
    examples: Mapping[str, Sequence[str]] = field(hash=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.examples) < 2 or self.name not in self.examples:
            raise PromptError(
                f"give examples of {self.name} and of another language; got "
                f"{', '.join(self.examples) or 'none'}."
            )

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """The language and a hash of the examples."""
        said = hashlib.sha256(self._said().encode()).hexdigest()[:12]
        return f"{self.name}#{said}"

    def score(self, text: str) -> float:
        """The probability; 0 for a text without letters."""
        if not any(c.isalpha() for c in text):
            return 0.0
        grams = _grams(text)
        logs = {name: table.log_probability(grams) for name, table in _tables(self._said()).items()}
        top = max(logs.values())
        weights = {name: math.exp(value - top) for name, value in logs.items()}
        return weights[self.name] / sum(weights.values())

    def _said(self) -> str:
        return json.dumps({name: list(texts) for name, texts in self.examples.items()})


def distinct(tokens: Sequence[int]) -> float:
    """distinct-2: the share of different ones among pairs of neighbours (Li et al. 2016)."""
    pairs = list(pairwise(tokens))
    return len(set(pairs)) / max(len(pairs), 1)


@dataclass(frozen=True)
class _Table:
    counts: Mapping[str, int] = field(hash=False)
    total: int
    kinds: int

    def log_probability(self, grams: Sequence[str]) -> float:
        smooth = self.total + self.kinds
        logs = [math.log((self.counts.get(gram, 0) + 1) / smooth) for gram in grams]
        return sum(logs) / len(_ORDERS)  # n-grams of all orders say the same text over again


@lru_cache(maxsize=32)
def _tables(said: str) -> dict[str, _Table]:
    counted = {
        name: Counter(gram for text in texts for gram in _grams(text))
        for name, texts in json.loads(said).items()
    }
    kinds = len(set().union(*counted.values()))
    return {name: _Table(counts, counts.total(), kinds) for name, counts in counted.items()}


def _grams(text: str) -> list[str]:
    said = f" {' '.join(unicodedata.normalize('NFC', text).lower().split())} "
    return [said[i : i + n] for n in _ORDERS for i in range(len(said) - n + 1)]


def _entropy(characters: Sequence[str]) -> float:
    shares = [n / len(characters) for n in Counter(characters).values()]
    return -sum(p * math.log2(p) for p in shares)


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "upper" if character.isupper() else "lower"
    return ""
