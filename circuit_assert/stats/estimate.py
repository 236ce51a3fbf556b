"""Estimates: an effect with its interval, and how both were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from circuit_assert.stats.crossed import decide_crossed
from circuit_assert.stats.decision import Decision, Estimand, Method, Sides
from circuit_assert.stats.jackknife import decide_jackknife
from circuit_assert.stats.region import Interval
from circuit_assert.stats.sample import JackknifeSample, Sample
from circuit_assert.stats.simple import decide_simple

AnySample = Sample | JackknifeSample
_DECIDED: WeakKeyDictionary[AnySample, dict[tuple[float, Sides], Decision]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Estimate:
    """An effect and its two-sided interval at level 1 − 2·alpha.

    Args:
        effect: The estimate; NaN when it cannot be computed.
        low: Lower end; `-inf` when undecidable or unbounded.
        high: Upper end; `inf` when undecidable or unbounded.
        alpha: The one-sided error rate of each end.
        clusters: Cluster name → number of clusters; two entries for a crossed design.
        units: The number of values.
        method: How the interval was made.
        estimand: What the effect estimates.
        spread: The standard deviation of cluster means, in the effect's unit; for a crossed
            design that of as many simple clusters as its smaller number of levels.
        reason: Why nothing can be decided; None when something can.
        note: What a reader has to know besides ("one template only"); None for nothing.
    """

    effect: float
    low: float
    high: float
    alpha: float
    clusters: Mapping[str, int]
    units: int
    method: Method
    estimand: Estimand
    spread: float
    reason: str | None = None
    note: str | None = None

    @property
    def interval(self) -> Interval:
        """The two ends."""
        return Interval(self.low, self.high)

    @property
    def k(self) -> int:
        """The number of clusters; the smaller one in a crossed design."""
        return min(self.clusters.values())

    @property
    def decidable(self) -> bool:
        """Whether the interval may be compared with a region."""
        return self.reason is None

    def widened(self, by: float) -> Estimate:
        """The same estimate with both ends moved outward by `by` ≥ 0."""
        return replace(self, low=self.low - by, high=self.high + by)


def estimate(sample: AnySample, alpha: float = 0.01, *, sides: Sides = 1) -> Estimate:
    """The effect of a sample and its interval at level 1 − 2·alpha, by the decision table.

    Deterministic, and the same for any order of the units.

    Args:
        sample: Values and clusters, or a statistic to jackknife.
        alpha: The one-sided error rate, in (0, 0.5). Default 0.01.
        sides: 2 asks for the clusters that a region with two bounds needs. Default 1.

    Raises:
        ValueError: when alpha is not in (0, 0.5).
    """
    return read(decide(sample, alpha, sides), alpha)


def decide(sample: AnySample, alpha: float, sides: Sides = 1) -> Decision:
    """The decision that the sample's design calls for, see `Decision`; made once for each sample.

    Raises:
        ValueError: when alpha is not in (0, 0.5).
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is an error rate between 0 and 0.5, got {alpha}; try 0.01.")
    decided = _DECIDED.setdefault(sample, {})
    if (alpha, sides) not in decided:
        decided[alpha, sides] = _decide(sample, alpha, sides)
    return decided[alpha, sides]


def _decide(sample: AnySample, alpha: float, sides: Sides) -> Decision:
    if isinstance(sample, JackknifeSample):
        return decide_jackknife(sample, alpha, sides)
    return (decide_crossed if sample.crossed else decide_simple)(sample, alpha, sides)


def read(decision: Decision, alpha: float) -> Estimate:
    """The decision as an estimate at one level."""
    low, high = decision.interval(alpha)
    return Estimate(
        effect=decision.effect,
        low=low,
        high=high,
        alpha=alpha,
        clusters=decision.clusters,
        units=decision.units,
        method=decision.method,
        estimand=decision.estimand,
        spread=decision.spread,
        reason=decision.reason,
        note=decision.note,
    )
