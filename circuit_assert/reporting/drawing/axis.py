"""A line of columns that stands for numbers, and what is drawn on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rich.text import Text

from circuit_assert.reporting.columns import columns
from circuit_assert.reporting.regions import Bounds
from circuit_assert.reporting.terminal import number

_MARGIN = 0.05  # of the span, at either end


@dataclass(frozen=True)
class Axis:
    """Columns from one number to another.

    Args:
        low: What the first column stands for.
        high: What the last one stands for; above `low`.
        width: How many columns.
    """

    low: float
    high: float
    width: int

    @classmethod
    def over(cls, values: Iterable[float | None], width: int) -> Axis:
        """One with room for all values; what is None or not finite needs none."""
        known = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        margin = _MARGIN * (high - low) or max(abs(low), 1.0) * _MARGIN
        return cls(low - margin, high + margin, width)

    def column(self, value: float) -> int:
        """The column of a number; the nearest for one that is beyond the ends."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(round(share * (self.width - 1)), 0), self.width - 1)


def region_drawn(axis: Axis, region: Bounds | None) -> list[str]:
    """The axis, with the region shaded and its bounds marked."""
    cells = ["·"] * axis.width
    if region is None:
        return cells
    first = 0 if region.low == -math.inf else axis.column(region.low)
    last = axis.width - 1 if region.high == math.inf else axis.column(region.high)
    cells[first : last + 1] = "░" * (last + 1 - first)
    for bound in region.finite:
        cells[axis.column(bound)] = "│"
    return cells


def interval_drawn(
    axis: Axis, region: Bounds | None, effect: float, low: float | None, high: float | None
) -> Text:
    """An interval over the region: "····│░░┣━●━┫░"; an end that is infinite is an arrow."""
    cells = region_drawn(axis, region)
    first = 0 if low is None else axis.column(low)
    last = axis.width - 1 if high is None else axis.column(high)
    cells[first : last + 1] = "━" * (last + 1 - first)
    cells[first] = "◀" if low is None else "┣"
    cells[last] = "▶" if high is None else "┫"
    for at in map(axis.column, region.finite if region else []):
        if cells[at] == "━":
            cells[at] = "┿"
    cells[axis.column(effect)] = "●"
    return _styled(cells)


def point_drawn(axis: Axis, region: Bounds | None, value: float) -> Text:
    """One number over the region: "····│░░●░░"."""
    cells = region_drawn(axis, region)
    cells[axis.column(value)] = "●"
    return _styled(cells)


def labelled(axis: Axis, values: Iterable[float]) -> Text:
    """Numbers under their columns; one that has no room is left out."""
    line = ""
    for value in sorted(set(values)):
        said, at = number(value), axis.column(value)
        start = min(max(at - columns(said) // 2, 0), axis.width - columns(said))
        if start >= len(line) + (1 if line else 0):
            line = line.ljust(start) + said
    return Text(line, style="dim")


def _styled(cells: list[str]) -> Text:
    styles = {"·": "dim", "░": "green", "│": "bold"}
    text = Text()
    for cell in cells:
        text.append(cell, style=styles.get(cell, "bold"))
    return text
