"""Where a head attends on one prompt: a matrix of shaded cells, a row for each query."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from circuit_assert.reporting.columns import columns, cut, padded, visible
from circuit_assert.reporting.drawing.lines import INDENT

_SHADES = (("█", 0.75), ("▓", 0.5), ("▒", 0.25), ("░", 0.05))  # at least so much attention
_LEGEND = "· below 0.05  ░ from 0.05  ▒ from 0.25  ▓ from 0.50  █ from 0.75"
_WIDEST = 100
_TOKEN = 12
_START = len(INDENT) + 4 + _TOKEN + 2
_END = 12  # "  → 123 0.83"


def pattern_drawn(
    tokens: Sequence[str], pattern: Sequence[Sequence[float]], width: int
) -> list[Text]:
    """Each query's token, its attention to every key, and the key it attends to most.

    Where the prompt is too long, the last tokens are shown, and what goes to those before them is
    one cell, under "…".

    Args:
        tokens: How each reads.
        pattern: `[query, key]`; each row sums to one.
        width: Columns of the terminal; more than 100 are not used.
    """
    room = min(width, _WIDEST) - _START - _END
    cell = 2 if 2 * len(tokens) <= room else 1
    first = max(0, len(tokens) - (room // cell - 1)) if cell * len(tokens) > room else 0
    lines = [_header(len(tokens), first, cell)]
    lines += [
        _row(query, tokens, pattern[query], first, cell) for query in range(first, len(tokens))
    ]
    if first:
        lines.append(Text(f"{INDENT}… is all of the {first} tokens before", style="dim"))
    return [*lines, Text(INDENT + _LEGEND, style="dim")]


def shade(weight: float) -> str:
    """The cell of an attention weight."""
    return next((mark for mark, least in _SHADES if weight >= least), "·")


def _header(many: int, first: int, cell: int) -> Text:
    """The numbers of the keys, every fifth."""
    said = [" "] * (cell * (many - first + bool(first)) + 4)
    said[: cell * bool(first)] = "…".ljust(cell)[: cell * bool(first)]
    for key in range(first, many):
        if key % 5 == 0:
            at = cell * (key - first + bool(first))
            said[at : at + len(str(key))] = str(key)
    return Text(" " * _START + "".join(said).rstrip(), style="dim")


def _row(
    query: int, tokens: Sequence[str], weights: Sequence[float], first: int, cell: int
) -> Text:
    shown = [*([sum(weights[:first])] if first else []), *weights[first : query + 1]]
    cells = "".join(shade(weight) * cell for weight in shown)
    most = max(range(query + 1), key=lambda key: weights[key])
    width = cell * (len(tokens) - first + bool(first))
    said = (
        f"{INDENT}{query:>4} {_label(tokens[query])} {cells:<{width}}  → {most} {weights[most]:.2f}"
    )
    return Text(said)


def _label(token: str) -> str:
    """A token as it reads, a leading space as "␣"."""
    said = visible(token)
    said = f"␣{said[1:]}" if said.startswith(" ") else said
    said = cut(said, _TOKEN)
    return padded(said, _TOKEN) if columns(said) <= _TOKEN else said
