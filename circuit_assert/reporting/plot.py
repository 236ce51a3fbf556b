"""Evidence as a picture by matplotlib, to go on with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from circuit_assert.errors import CircuitAssertError
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.reporting.regions import bounds_of
from circuit_assert.reporting.terminal import MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPREAD = 0.3  # how far dots of one row are apart at most, in rows
_ANGLE = math.radians(137.5)  # the golden angle: neighbours are never in line


def plot(evidence: Evidence, axes: Axes | None = None) -> Axes:
    """The interval of the criterion that is shown first, its region, and each cluster's mean.

    Args:
        evidence: What was found.
        axes: Where to draw; None for a new figure.

    Raises:
        CircuitAssertError: when matplotlib is missing, or no criterion has an interval.
    """
    shown = evidence.headline
    if shown is None or shown.effect is None:
        raise CircuitAssertError(
            f"there is nothing to draw: no criterion of {evidence.sentence!r} has an interval "
            f"({evidence.reason})."
        )
    drawn = axes if axes is not None else _new(_rows(shown))
    _region(drawn, shown)
    _interval(drawn, shown, shown.effect)
    names = [""]
    for row, (name, means) in enumerate(_means(shown).items(), start=1):
        heights = [-row + _SPREAD * math.sin(_ANGLE * place) for place in range(len(means))]
        drawn.plot(list(means.values()), heights, "o", color="C7", markersize=4, alpha=0.7)
        names.append(f"{len(means)} {name}s")
    names[0] = shown.name
    drawn.set_yticks([-row for row in range(len(names))], names)
    drawn.set_ylim(-len(names) + 0.4, 0.6)
    drawn.set_xlabel(f"{shown.unit} (shaded: claimed to be {shown.region})")
    drawn.set_title(f"{MARKS[evidence.verdict]} {evidence.verdict}: {evidence.sentence}", wrap=True)
    return drawn


def _new(rows: int) -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError as problem:
        raise CircuitAssertError(
            "evidence.plot() needs matplotlib: pip install 'circuit-assert[figures]'. Without it, "
            "evidence.frame and evidence.scores have the numbers."
        ) from problem
    return pyplot.subplots(figsize=(6.4, 1.3 + 0.55 * rows), layout="constrained")[1]


def _rows(finding: Finding) -> int:
    return 1 + len(_means(finding))


def _means(finding: Finding) -> dict[str, dict[str, float]]:
    return {} if finding.scores is None else finding.scores.cluster_means


def _region(axes: Axes, finding: Finding) -> None:
    region = bounds_of(finding.region)
    if region is None:
        return
    known = [mean for ids in _means(finding).values() for mean in ids.values()]
    known += [x for x in (finding.effect, finding.low, finding.high, *region) if x is not None]
    finite = [x for x in known if math.isfinite(x)]
    margin = 0.08 * (max(finite) - min(finite) or 1.0)
    left, right = min(finite) - margin, max(finite) + margin
    axes.set_xlim(left, right)
    inside = max(region.low, left), min(region.high, right)
    axes.axvspan(*inside, color="C2", alpha=0.18)
    for bound in filter(math.isfinite, region):
        axes.axvline(bound, color="C2", linestyle="--", linewidth=1)


def _interval(axes: Axes, finding: Finding, effect: float) -> None:
    """An end that is infinite, or missing, goes on to the edge."""
    left, right = axes.get_xlim()
    low = finding.low if finding.low is not None and math.isfinite(finding.low) else left
    high = finding.high if finding.high is not None and math.isfinite(finding.high) else right
    axes.plot([low, high], [0, 0], color="C0", linewidth=2, solid_capstyle="butt")
    axes.plot([effect], [0], "o", color="C0")
