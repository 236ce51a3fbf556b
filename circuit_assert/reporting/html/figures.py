"""Drawings of findings, as places and lengths: templates only write them down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from circuit_assert.ledger import FindingRecord
from circuit_assert.reporting.html.scale import Scale, Tick
from circuit_assert.reporting.regions import Bounds, bounds_of

WIDTH = 360
_EDGE = 8
_INTERVAL = 30  # the height of the row with the interval
_ROW = 46  # that of a row of clusters
_LABEL = 13  # of which this much is for its label
_AXIS = 20
_DOT = 4.4
_MINI = (120, 20)


@dataclass(frozen=True)
class Band:
    """A region, between two places; an end at the drawing's edge goes on beyond it."""

    left: float
    right: float
    open_left: bool
    open_right: bool


@dataclass(frozen=True)
class Dots:
    """A row of clusters.

    Args:
        name: What they are clusters by.
        count: How many.
        path: A dot for each, where its mean is.
        top: Where the row begins.
    """

    name: str
    count: int
    path: str
    top: float


@dataclass(frozen=True)
class IntervalFigure:
    """A finding's interval beside its region, and the clusters that it is of.

    Args:
        width: Of the drawing.
        height: Likewise.
        axis: Where the axis is, from above.
        band: The region; None where its words name no bounds.
        low: The interval's lower end; at the edge when it is infinite.
        high: Its upper end.
        effect: The estimate.
        open_low: Whether the lower end is infinite.
        open_high: Whether the upper end is.
        rows: The clusters.
        ticks: Marks of the axis.
    """

    width: float
    height: float
    axis: float
    band: Band | None
    low: float
    high: float
    effect: float
    open_low: bool
    open_high: bool
    rows: tuple[Dots, ...] = ()
    ticks: tuple[Tick, ...] = ()


def interval_figure(finding: FindingRecord) -> IntervalFigure | None:
    """The whole picture; None for a finding without an estimate."""
    if finding.effect is None:
        return None
    means = finding.cluster_means
    numbers = [mean for ids in means.values() for mean in ids.values()]
    scale = Scale.holding([*_ends(finding), *numbers], _EDGE, WIDTH - _EDGE)
    axis = _INTERVAL + _ROW * len(means)
    drawn = _drawn(finding, finding.effect, scale, (WIDTH, axis + _AXIS))
    return replace(drawn, axis=axis, rows=tuple(_rows(means, scale)), ticks=tuple(scale.ticks()))


def mini_figure(finding: FindingRecord) -> IntervalFigure | None:
    """The interval and its region alone, as high as a line of text."""
    if finding.effect is None:
        return None
    scale = Scale.holding(_ends(finding), 2, _MINI[0] - 2)
    return _drawn(finding, finding.effect, scale, _MINI)


def _ends(finding: FindingRecord) -> list[float | None]:
    return [finding.effect, finding.low, finding.high, *(bounds_of(finding.region) or ())]


def _drawn(
    finding: FindingRecord, effect: float, scale: Scale, size: tuple[float, float]
) -> IntervalFigure:
    width, height = size
    region = bounds_of(finding.region)
    ends = (finding.low, finding.high)
    none = ends == (None, None)
    low, high = (effect, effect) if none else ends
    return IntervalFigure(
        width,
        height,
        height,
        None if region is None else _band(region, scale, width),
        0 if low is None else scale.place(low),
        width if high is None else scale.place(high),
        scale.place(effect),
        finding.low is None,
        finding.high is None,
    )


def _band(region: Bounds, scale: Scale, width: float) -> Band:
    open_left, open_right = math.isinf(region.low), math.isinf(region.high)
    return Band(
        0 if open_left else scale.place(region.low),
        width if open_right else scale.place(region.high),
        open_left,
        open_right,
    )


def _rows(means: Mapping[str, Mapping[str, float]], scale: Scale) -> Iterable[Dots]:
    for number, (name, ids) in enumerate(means.items()):
        top = _INTERVAL + _ROW * number
        path = _stacked(map(scale.place, ids.values()), top + _LABEL, top + _ROW)
        yield Dots(name, len(ids), path, top)


def _stacked(places: Iterable[float], top: float, bottom: float) -> str:
    """Dots in columns, as a path of lines without length: nearer together where there are many."""
    columns: dict[int, int] = {}
    stacked: list[tuple[int, int]] = []
    for place in sorted(places):
        column = round(place / _DOT)
        stacked.append((column, columns.get(column, 0)))
        columns[column] = columns.get(column, 0) + 1
    room = bottom - top - _DOT - 2
    step = min(_DOT, room / max(1, *columns.values())) if columns else _DOT
    base = bottom - _DOT
    return "".join(f"M{column * _DOT:.1f} {base - level * step:.1f}h0" for column, level in stacked)


@dataclass(frozen=True)
class PeersFigure:
    """A number among the same number of others.

    Args:
        width: Of the drawing.
        height: Likewise.
        axis: Where the axis is, from above.
        path: A line for each of the others.
        value: Where the own number is.
        ticks: Marks of the axis.
    """

    width: float
    height: float
    axis: float
    path: str
    value: float | None
    ticks: tuple[Tick, ...]


def peers_figure(finding: FindingRecord) -> PeersFigure | None:
    """The picture; None for a finding that was ranked among nobody."""
    if not finding.others:
        return None
    own = finding.value
    scale = Scale.holding([*finding.others, own], _EDGE, WIDTH - _EDGE)
    places = dict.fromkeys(map(scale.place, finding.others))
    path = "".join(f"M{place:g} 18v18" for place in places)
    value = None if own is None else scale.place(own)
    return PeersFigure(WIDTH, 40 + _AXIS, 40, path, value, tuple(scale.ticks()))


@dataclass(frozen=True)
class LineFigure:
    """Shares from run to run.

    Args:
        width: Of the drawing.
        height: Likewise.
        path: The line.
        dots: Its points.
        last: The latest one.
    """

    width: float
    height: float
    path: str
    dots: str
    last: tuple[float, float]


def line_figure(shares: Iterable[float]) -> LineFigure:
    """A small line; all at the top for 1, at the bottom for 0.

    Args:
        shares: `[run]`, the earliest first; at least one.
    """
    width, height, edge = 240.0, 56.0, 6.0
    given = list(shares)
    step = (width - 2 * edge) / max(1, len(given) - 1)
    points = [
        (round(edge + step * place, 1), round(edge + (1 - share) * (height - 2 * edge), 1))
        for place, share in enumerate(given)
    ]
    path = "".join(f"{'L' if place else 'M'}{x:g} {y:g}" for place, (x, y) in enumerate(points))
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in points)
    return LineFigure(width, height, path, dots, points[-1])


@dataclass(frozen=True)
class RateFigure:
    """A share as a bar, with its interval, in hundredths of the width."""

    share: float
    low: float
    high: float


def rate_figure(share: float, interval: tuple[float, float]) -> RateFigure:
    """The bar of a pass rate."""
    return RateFigure(*(round(100 * each, 1) for each in (share, *interval)))


@dataclass(frozen=True)
class Part:
    """A part of a bar of many, in hundredths of its width."""

    name: str
    count: int
    left: float
    width: float


def parts(counts: Mapping[str, int]) -> list[Part]:
    """A bar of all, in parts; those of none are left out."""
    total = sum(counts.values()) or 1
    edges = [0.0]
    for amount in counts.values():
        edges.append(edges[-1] + 100 * amount / total)
    return [
        Part(name, amount, round(left, 2), round(right - left, 2))
        for (name, amount), (left, right) in zip(counts.items(), pairwise(edges), strict=True)
        if amount
    ]
