"""Lines that all parts of a drawing are made of."""

from __future__ import annotations

import textwrap

from rich.text import Text

from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.terminal import MARK_OF

INDENT = "  "
_LABEL = 13
COLOURS = {"supported": "green", "refuted": "red", "inconclusive": "yellow"}


def titled(title: str, lines: list[Text]) -> list[Text]:
    """A part under its title; nothing when it has no lines."""
    return [Text(""), Text(title, style="bold"), *lines] if lines else []


def row(label: str, said: str, width: int, style: str = "") -> list[Text]:
    """A label and what is said of it, wrapped; nothing when nothing is said."""
    if not said:
        return []
    room = max(width - len(INDENT) - _LABEL, 20)
    first, *more = textwrap.wrap(visible(said), room, break_on_hyphens=False) or [""]
    lines = [INDENT + f"{label:<{_LABEL}}" + first, *(INDENT + " " * _LABEL + x for x in more)]
    return [Text(line, style=style) for line in lines]


def verdict_said(verdict: str) -> Text:
    """A verdict as mark and word."""
    said = f"{MARK_OF.get(verdict, ' ')} {visible(verdict)}"
    return Text(said, style=COLOURS.get(verdict, ""))
