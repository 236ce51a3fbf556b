"""Words that are one token, cut into two that their tokenizer would never make of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from circuit_assert.errors import TokenError
from circuit_assert.prompts.base import Prompts, Tokenizer

_LEAST = 2  # letters on either side of a cut


@dataclass(frozen=True)
class CutWord:
    """A word of one token, and two tokens that read as it does.

    Args:
        text: How it reads, with its leading space.
        token: The word's own token.
        first: The token of its beginning.
        last: The token of its end.
    """

    text: str
    token: int
    first: int
    last: int


@lru_cache(maxsize=64)
def cut_words(documents: Prompts, count: int, tokenizer: Tokenizer) -> tuple[CutWord, ...]:
    """Words of some documents, each cut at one of the places where both sides are tokens.

    Which words, and where each is cut, hashes of their letters say: any of the places is as likely
    as the others. Either side has two letters at least. Of words that differ in their capitals
    alone there is one.

    Args:
        documents: Where the words are from.
        count: How many.
        tokenizer: Whose tokens.

    Raises:
        TokenError: when there are not so many.
    """
    rows = documents.tokenize(tokenizer).tokens["clean"]
    seen = np.intersect1d(np.concatenate(list(rows)), tokenizer.ordinary_tokens())
    words = {tokenizer.piece(int(token)): int(token) for token in seen}
    found: dict[str, CutWord] = {}
    for text in sorted(filter(_is_word, words), key=_drawn):
        made = _cut(text, words[text], tokenizer)
        if made and text.lower() not in found:
            found[text.lower()] = made
        if len(found) == count:
            return tuple(found.values())
    raise TokenError(
        f"{documents.name} has {len(found)} words of one token of {tokenizer.name} that can be cut "
        f"into two; {count} are asked for: give more documents, or ask for fewer words."
    )


def _is_word(piece: str) -> bool:
    letters = piece[1:]
    return (
        piece[:1] == " "
        and len(letters) >= 2 * _LEAST
        and letters.isalnum()
        and not letters.isdigit()
    )


def _cut(text: str, token: int, tokenizer: Tokenizer) -> CutWord | None:
    if tokenizer.encode(text) != [token]:
        return None
    places = range(1 + _LEAST, len(text) - _LEAST + 1)
    halves = [(_only(text[:n], tokenizer), _only(text[n:], tokenizer)) for n in places]
    there = [(first, last) for first, last in halves if first is not None and last is not None]
    if not there:
        return None
    first, last = there[_drawn(f"cut{text}") % len(there)]
    return CutWord(text, token, first, last)


def _only(text: str, tokenizer: Tokenizer) -> int | None:
    """The token that reads as a text does, if the tokenizer makes just that of it."""
    try:
        tokens = tokenizer.encode(text)
    except TokenError:
        return None
    return tokens[0] if len(tokens) == 1 and tokenizer.piece(tokens[0]) == text else None


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
