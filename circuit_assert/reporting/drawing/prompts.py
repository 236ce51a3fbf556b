"""The prompts on which the least and the most was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.text import Text

from circuit_assert.ledger import ExampleRecord, FindingRecord
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.drawing.lines import INDENT
from circuit_assert.reporting.terminal import number

_MOST_LINES = 4
_START = 18


def prompts_drawn(finding: FindingRecord, width: int) -> list[Text]:
    """Those at either end, with what steers a terminal written out."""
    if not finding.lowest and not finding.highest:
        return []
    of = f" of {visible(finding.prompts)}" if finding.prompts else ""
    return [
        Text(f"{INDENT}{visible(finding.name)}, prompts{of}"),
        *_some("lowest", finding.lowest, width),
        *_some("highest", finding.highest, width),
    ]


def _some(label: str, examples: Sequence[ExampleRecord], width: int) -> list[Text]:
    return [line for each in examples for line in _one(label, each, width)]


def _one(label: str, example: ExampleRecord, width: int) -> list[Text]:
    start = f"{INDENT * 2}{label:<8}{number(example.value):>8}  "
    room = max(width - len(start), 20)
    text = visible(example.text) or f"(prompt {example.unit}; its text is not known)"
    first, *more = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    kept = more[: _MOST_LINES - 1]
    if len(more) > len(kept):
        kept[-1] = kept[-1][: room - 2] + " …"
    return [Text(start + first), *(Text(" " * len(start) + line) for line in kept)]
