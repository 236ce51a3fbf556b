"""Text in a terminal: how many columns it takes, cut and padded to fit, and safe to print."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # scripts and emoji are written with them


def visible(text: str) -> str:
    """The text on one line, with what would steer a terminal written out: "\\x1b[31m".

    Args:
        text: From a model, a prompt or a test.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def one_line(text: str) -> str:
    """The text in words one space apart, with what would steer a terminal written out."""
    return visible(" ".join(text.split()))


def _visible(letter: str) -> str:
    if letter == "\n":
        return "⏎"
    if letter == "\t":
        return "⇥"
    if letter == "\xa0" or letter in _JOINERS:
        return letter
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return letter.encode("unicode_escape").decode()
    return letter


def columns(text: str) -> int:
    """How many columns a terminal gives the text: a Chinese character takes two."""
    return sum(map(_column, text))


def _column(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, so many columns wide."""
    return text + " " * (width - columns(text))


def cut_in_front(text: str, width: int) -> str:
    """The end of a text, with "…" for what is left out before it."""
    return cut(text[::-1], width)[::-1]


def cut(text: str, width: int) -> str:
    """The text on one line of at most so many columns, with "…" for what is left out."""
    text = " ".join(text.split("\n"))
    if columns(text) <= width:
        return text
    kept, used = "", 1
    for letter in text:
        used += _column(letter)
        if used > width:
            break
        kept += letter
    return kept.rstrip() + "…"
