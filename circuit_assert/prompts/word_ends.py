"""Where words end: what documents have in common in the tokens of different models."""

from __future__ import annotations

from collections.abc import Sequence

from circuit_assert.prompts.base import Ints, Tokenizer


def word_ends(row: Ints, tokenizer: Tokenizer) -> list[tuple[str, int]]:
    """Of each word of a row of tokens, its text and the position of its last token.

    Words are what white space parts, their punctuation with them. The beginning token is none.

    Args:
        row: The tokens.
        tokenizer: Whose.
    """
    start = len(tokenizer.beginning)
    begun = tuple(row[:start].tolist()) == tokenizer.beginning
    first = start if begun else 0
    pieces = [tokenizer.piece(int(token)) for token in row[first:]]
    return [(word, first + place) for word, place in _ends(pieces)]


def _ends(pieces: Sequence[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    open_word = False
    for place, piece in enumerate(pieces):
        for character in piece:
            if character.isspace():
                open_word = False
            elif open_word:
                found[-1] = (found[-1][0] + character, place)
            else:
                found.append((character, place))
                open_word = True
    return found
