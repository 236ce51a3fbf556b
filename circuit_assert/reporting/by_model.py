"""The claims that several models share, in a terminal: a mark for each sentence and model."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from circuit_assert.model_names import short_names
from circuit_assert.reporting.claimed import Claimed, count
from circuit_assert.reporting.columns import columns, cut, one_line, padded, visible
from circuit_assert.reporting.matrix import of_several_models
from circuit_assert.reporting.terminal import MARK_OF

FAILS = "!"
_NONE = "–"
_HELD = "\xa0"  # a space at which no line may break
_SHORTEST, _LONGEST = 30, 60  # columns for a sentence
_TITLE = f"Claimed of several models ({_NONE} not claimed of it, {FAILS} not what its tests say):"


def by_model(claims: Iterable[Claimed], width: int, most: int | None = None) -> list[str]:
    """Lines of the table; none where no sentence is claimed of two models.

    Args:
        claims: Of a run, in order.
        width: Columns that a line has room for.
        most: How many sentences at most; the rest are counted.
    """
    found = of_several_models(claims)
    if not found.groups:
        return []
    heads, names = _heads(found.models, width)
    rows = [(one_line(row.words), row.cells) for group in found.groups for row in group.rows]
    shown = rows[:most]
    wide = sum(columns(head) + 2 for head in heads)
    longest = max((columns(words) for words, _ in shown), default=0)
    room = min(longest, _LONGEST, max(_SHORTEST, width - wide))
    lines = [padded("", room) + "".join(f"  {head}" for head in heads)]
    for words, cells in shown:
        marks = (
            padded(_cell(cell), columns(head)) for cell, head in zip(cells, heads, strict=True)
        )
        lines.append(padded(cut(words, room), room) + "".join(f"  {mark}" for mark in marks))
    if len(rows) > len(shown):
        lines.append(f"… and {count(len(rows) - len(shown), 'more sentence')}")
    return [*_wrapped(_TITLE, width), *(cut(each.rstrip(), width) for each in lines), *names]


def _heads(models: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """What stands above the columns: names; numbers, and lines that name them, for lack of room."""
    names = [visible(name) for name in short_names(models)]
    if sum(columns(name) + 2 for name in names) <= width - _SHORTEST:
        return names, []
    numbers = [str(number) for number in range(1, len(names) + 1)]
    said = ", ".join(f"{number}{_HELD}{name}" for number, name in zip(numbers, names, strict=True))
    return numbers, [line.replace(_HELD, " ") for line in _wrapped(said, width)]


def _cell(claims: Sequence[Claimed]) -> str:
    return "".join(map(_mark, claims)) or _NONE


def _mark(claim: Claimed) -> str:
    mark = MARK_OF.get(claim.record.verdict, "?")
    return mark + FAILS if claim.fails and not claim.undecided else mark


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    return [cut(line, width) for line in lines]
