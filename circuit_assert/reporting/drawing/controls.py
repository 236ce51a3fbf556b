"""The claim's own number among those of its peers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.text import Text

from circuit_assert.ledger import FindingRecord
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.drawing.axis import Axis, labelled
from circuit_assert.reporting.drawing.lines import INDENT
from circuit_assert.reporting.terminal import number

_HEIGHTS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_QUANTILES = 201  # a ledger keeps so many numbers of more peers than that


def controls_drawn(finding: FindingRecord, width: int) -> list[Text]:
    """How the peers are spread, and where among them the claim's own number is."""
    if not finding.others:
        return []
    own = finding.effect if finding.value is None else finding.value
    others = finding.others
    many = f"more than {_QUANTILES - 1}" if len(others) == _QUANTILES else str(len(others))
    said = (
        f"{visible(finding.name)}: {many} others from {number(others[0])} to {number(others[-1])}, "
        f"median {number(statistics.median(others))}"
    )
    lines = [Text(INDENT + said)]
    room = min(width - 2 * len(INDENT), _WIDEST)
    return lines + [Text(INDENT * 2) + line for line in histogram(others, own, room)]


def histogram(values: Sequence[float], own: float | None, width: int) -> list[Text]:
    """Columns as high as there are values in them, and "▲" under the claim's own.

    Args:
        values: At least one.
        own: The claim's number; None for none.
        width: How many columns.
    """
    axis = Axis.over([*values, own], min(width, _WIDEST))
    counts = [0] * axis.width
    for value in values:
        counts[axis.column(value)] += 1
    most = max(counts)
    bars = "".join(_height(many, most) for many in counts)
    lines = [Text(bars), labelled(axis, [min(values), max(values)])]
    if own is not None:
        lines.insert(1, _marked(axis, own))
    return lines


def _marked(axis: Axis, own: float) -> Text:
    at, said = axis.column(own), f"{number(own)}, this claim"
    if at + 2 + len(said) <= axis.width:
        return Text(f"{' ' * at}▲ {said}", style="bold")
    if at > len(said):
        return Text(f"{said:>{at - 1}} ▲", style="bold")
    return Text(f"{' ' * at}▲ {said}", style="bold")


def _height(many: int, most: int) -> str:
    if not many:
        return " "
    return _HEIGHTS[round((many / most) * (len(_HEIGHTS) - 1))]
