"""What was measured, cluster by cluster: sorted, each a point beside the region."""

from __future__ import annotations

from rich.text import Text

from circuit_assert.ledger import FindingRecord
from circuit_assert.reporting.columns import columns, cut, padded, visible
from circuit_assert.reporting.drawing.axis import Axis, point_drawn
from circuit_assert.reporting.drawing.controls import histogram
from circuit_assert.reporting.drawing.lines import INDENT
from circuit_assert.reporting.regions import Bounds, bounds_of
from circuit_assert.reporting.terminal import number

_MOST = 20
_ENDS = 5
_LABEL = 28
_NUMBER = 8


def clusters_drawn(finding: FindingRecord, width: int) -> list[Text]:
    """A row for each cluster; of many, how they are spread, and the rows at either end."""
    return [
        line
        for name, means in finding.cluster_means.items()
        if means
        for line in _one_name(finding, name, means, width)
    ]


def _one_name(finding: FindingRecord, name: str, means: dict[str, float], width: int) -> list[Text]:
    ranked = sorted(means.items(), key=lambda each: (-each[1], each[0]))
    many = f"{len(ranked)} {visible(name)}" + ("s" if len(ranked) != 1 else "")
    lines = [Text(f"{INDENT}{visible(finding.name)}, {many}, {visible(finding.unit)}")]
    if len(ranked) <= _MOST:
        return lines + _rows(finding, ranked, ranked, width)
    middle = len(ranked) - 2 * _ENDS
    spread = histogram(list(means.values()), None, width - 2 * len(INDENT))
    return [
        *lines,
        *(Text(INDENT * 2) + line for line in spread),
        *_rows(finding, ranked[:_ENDS], ranked, width),
        Text(f"{INDENT * 2}… {middle} between …", style="dim"),
        *_rows(finding, ranked[-_ENDS:], ranked, width),
    ]


def _rows(
    finding: FindingRecord,
    shown: list[tuple[str, float]],
    every: list[tuple[str, float]],
    width: int,
) -> list[Text]:
    region = bounds_of(finding.region)
    label = min(max(columns(visible(name)) for name, _ in every), _LABEL)
    room = width - 2 * len(INDENT) - label - _NUMBER - 4
    bounds = region.finite if region else []
    axis = Axis.over([*(value for _, value in every), 0.0, *bounds], min(max(room, 10), 48))
    return [_row(name, value, label, axis, region) for name, value in shown]


def _row(name: str, value: float, label: int, axis: Axis, region: Bounds | None) -> Text:
    said = padded(cut(visible(name), label), label)
    start = f"{INDENT * 2}{said}  {number(value):>{_NUMBER}}  "
    return Text(start) + point_drawn(axis, region, value)
