"""What is true of tokens: by a predicate of one's own, by their script, by their document."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import PromptError
from circuit_assert.prompts.base import TokenizedPrompts, Tokenizer
from circuit_assert.prompts.functions import said_of

Labels: TypeAlias = npt.NDArray[np.float64]
ScriptName: TypeAlias = Literal[
    "Arabic",
    "Armenian",
    "Cyrillic",
    "Devanagari",
    "Georgian",
    "Greek",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Katakana",
    "Latin",
    "Thai",
]
SCRIPTS: tuple[str, ...] = get_args(ScriptName)
_REPLACEMENT = "�"


class Label(Protocol):
    """Something that is true of some tokens of prompts. Frozen and hashable."""

    @property
    def identity(self) -> str:
        """What tells it from others."""
        ...

    def __str__(self) -> str: ...

    def rows(self, prompts: TokenizedPrompts, tokenizer: Tokenizer) -> list[Labels]:
        """Per unit, for each token 1 or 0; NaN where it cannot be said."""
        ...


@dataclass(frozen=True)
class TokenLabel:
    """A predicate of a token and of those before it. Made by `token_label`.

    Args:
        name: What sentences call it.
        holds: From the tokens' texts and a position to whether it is true there.
    """

    name: str
    holds: Callable[[Sequence[str], int], bool] = field(repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """Its name and its code."""
        return f"{self.name}#{_hash_of(self.holds)}"

    def rows(self, prompts: TokenizedPrompts, tokenizer: Tokenizer) -> list[Labels]:
        """Per unit, for each token 1 or 0."""
        found: list[Labels] = []
        for row in prompts.tokens["clean"]:
            pieces = [tokenizer.piece(int(token)) for token in row]
            found.append(np.array([bool(self.holds(pieces, i)) for i in range(len(row))], float))
        return found


@dataclass(frozen=True)
class DocumentLabel:
    """Whether a token's document has a given cluster id: a language, a register.

    Args:
        cluster: The cluster's name.
        value: The id.
    """

    cluster: str
    value: str

    def __str__(self) -> str:
        return f"{self.cluster} {self.value}"

    @property
    def identity(self) -> str:
        """Its words."""
        return str(self)

    def rows(self, prompts: TokenizedPrompts, tokenizer: Tokenizer) -> list[Labels]:
        """Per unit, all 1 or all 0.

        Raises:
            PromptError: for prompts without such ids.
        """
        ids = prompts.labels.get(self.cluster)
        if ids is None:
            raise PromptError(
                f"the prompts have no {self.cluster!r} ids; they have "
                f"{', '.join(sorted(prompts.labels)) or 'none'}."
            )
        rows = zip(ids, prompts.tokens["clean"], strict=True)
        return [np.full(len(row), float(name == self.value)) for name, row in rows]


@dataclass(frozen=True)
class Script:
    """Whether a token has letters of a script, by the Unicode names of its characters.

    Tokens that are a part of a character (bare bytes, which decode to U+FFFD) are NaN: of which
    script they are is not known from them.

    Args:
        name: One of `SCRIPTS`.
    """

    name: ScriptName

    def __post_init__(self) -> None:
        if self.name not in SCRIPTS:
            raise PromptError(f"scripts are {', '.join(SCRIPTS)}; got {self.name!r}.")

    def __str__(self) -> str:
        return f"{self.name} script"

    @property
    def identity(self) -> str:
        """Its words."""
        return str(self)

    def rows(self, prompts: TokenizedPrompts, tokenizer: Tokenizer) -> list[Labels]:
        """Per unit, for each token 1, 0 or NaN."""
        rows = prompts.tokens["clean"]
        known = {
            int(token): self.of(tokenizer.piece(int(token))) for token in np.unique(_joined(rows))
        }
        return [np.array([known[int(token)] for token in row]) for row in rows]

    def of(self, piece: str) -> float:
        """1, 0 or NaN, of one token's text."""
        if _REPLACEMENT in piece or (piece.startswith("<0x") and piece.endswith(">")):
            return float("nan")
        prefix = "CJK" if self.name == "Han" else self.name.upper()
        return float(
            any(
                character.isalpha() and unicodedata.name(character, "").split(" ")[0] == prefix
                for character in piece
            )
        )


def token_label(name: str, holds: Callable[[str], bool]) -> TokenLabel:
    """What is true of a token by its own text: `token_label("digits", str.isdigit)`.

    Args:
        name: What sentences call it.
        holds: From the token's text, with its leading space, to whether it is true of it.
    """
    return TokenLabel(name, _OwnText(holds))


def document_label(cluster: str, value: str) -> DocumentLabel:
    """What is true of all tokens of documents with a cluster id: `document_label("language", …)`.

    Args:
        cluster: The cluster's name.
        value: The id.
    """
    return DocumentLabel(cluster, value)


@dataclass(frozen=True)
class _OwnText:
    """A predicate of the token alone."""

    holds: Callable[[str], bool]

    def __call__(self, pieces: Sequence[str], position: int) -> bool:
        return self.holds(pieces[position])


def _joined(rows: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(list(rows))


def _hash_of(function: object) -> str:
    inner = getattr(function, "holds", function)
    return hashlib.sha256(said_of(inner).encode()).hexdigest()[:12]
