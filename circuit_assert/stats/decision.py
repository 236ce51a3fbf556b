"""How a sample decides: the method its clusters call for, or the reason why it cannot.

| clusters K | decision |
|---|---|
| below ⌈log₂(sides/α)⌉ | none |
| up to 19 | the median cluster, by the sign test's order statistics |
| 20 and more | the mean of cluster means, by the envelope of the t and the bootstrap-t |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from circuit_assert.stats.bootstrap import MOST_RESAMPLES, BootstrapTail, resamples_for
from circuit_assert.stats.region import Interval, Region
from circuit_assert.stats.sample import Array
from circuit_assert.stats.tails import Envelope, SignTail, Tail, TTail

Sides = Literal[1, 2]
Method = Literal[
    "sign test", "t and bootstrap-t envelope", "clopper-pearson", "crossed", "jackknife"
]
Estimand = Literal[
    "median cluster", "mean of cluster means", "mean of cell means", "statistic of all units"
]

MEAN_FROM = 20
"""The number of clusters from which their mean is decided on, and no longer their median."""

_NO_SPREAD = 1e-12  # of the largest value: below it, differences are rounding


@dataclass(frozen=True)
class Decision:
    """One sample, ready to be read at any level.

    Args:
        method: How the interval is made.
        estimand: What the effect is an estimate of.
        effect: The estimate; NaN when it cannot be computed.
        spread: The standard deviation of cluster means; NaN when it cannot be computed.
        clusters: Cluster name → number of clusters.
        units: The number of values.
        tails: The lower tails of the effect and of its negation; None when undecidable.
        reason: Why it is undecidable; None when it is not.
        note: What a reader has to know besides; None for nothing.
    """

    method: Method
    estimand: Estimand
    effect: float
    spread: float
    clusters: Mapping[str, int]
    units: int
    tails: tuple[Tail, Tail] | None = field(repr=False)
    reason: str | None = None
    note: str | None = None

    @property
    def k(self) -> int:
        """The number of clusters; the smaller one in a crossed design."""
        return min(self.clusters.values())

    def interval(self, alpha: float) -> Interval:
        """The two-sided interval at level 1 − 2·alpha; infinite when undecidable."""
        if self.tails is None:
            return Interval(-math.inf, math.inf)
        up, down = self.tails
        return Interval(up.lower(alpha), -down.lower(alpha))

    def p_value(self, region: Region, margin: float = 0.0) -> float:
        """The smallest alpha at which the interval, widened by `margin`, lies in the region.

        1.0 when undecidable. Never below what K agreeing clusters can attain.
        """
        if self.tails is None:
            return 1.0
        up, down = self.tails
        found = [2.0**-self.k * (2 if region.two_sided else 1)]
        if region.low > -math.inf:
            found.append(up.p_above(region.low + margin))
        if region.high < math.inf:
            found.append(down.p_above(-region.high + margin))
        return min(1.0, max(found))


def least_clusters(alpha: float, sides: Sides = 1) -> int:
    """The fewest clusters that can decide: ⌈log₂(sides/alpha)⌉, 7 (two-sided 8) at 0.01.

    With fewer, not even clusters that all agree have a p-value of `alpha`.
    """
    return max(1, math.ceil(math.log2(sides / alpha) - 1e-9))


def tail_by_the_table(means: Array, alpha: float) -> Tail:
    """The tail that this many cluster means call for: their median below 20, else their mean."""
    if means.size < MEAN_FROM:
        return SignTail(means)
    return Envelope((t_tail(means), BootstrapTail(means, resamples_for(alpha))))


def t_tail(means: Array) -> TTail:
    """Student's t of the mean of these values, float64[cluster], at least two and not equal."""
    k = means.size
    return TTail(float(means.mean()), float(means.std(ddof=1)) / math.sqrt(k), k - 1)


def both_ends(tail: Callable[[Array], Tail], values: Array) -> tuple[Tail, Tail]:
    """The same tail for the values and for their negation: an interval's two ends."""
    return tail(values), tail(-values)


def spread_of(means: Array) -> float:
    """The standard deviation of cluster means; NaN with fewer than two or one not finite."""
    usable = means.size > 1 and np.isfinite(means).all()
    return float(means.std(ddof=1)) if usable else math.nan


def has_spread(values: Array) -> bool:
    """Whether the values differ by more than rounding."""
    return bool(np.ptp(values) > _NO_SPREAD * np.abs(values).max())


def not_finite(values: Array) -> str | None:
    """The reason for values that are not finite, with their number; None without any."""
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    if not wrong:
        return None
    return f"{wrong} of {values.size} values {'is' if wrong == 1 else 'are'} not finite"


def too_few(k: int, alpha: float, sides: Sides, noun: str = "cluster") -> str | None:
    """The reason for too few clusters to attain `alpha`; None with enough."""
    least = least_clusters(alpha, sides)
    if k >= least:
        return None
    return (
        f"{k} {noun}{' is' if k == 1 else 's are'} too few: if all agree the p-value is "
        f"{min(1.0, sides * 2.0**-k):.2g}, coarser than α = {alpha:.2g}; it needs {least}"
    )


def no_spread(values: Array) -> str | None:
    """The reason for values that do not vary; None when they do."""
    if has_spread(values):
        return None
    return f"zero variance: all {values.size} values are equal, so no error can be estimated"


def too_coarse(k: int, alpha: float) -> str | None:
    """The reason for an alpha finer than the bootstrap's resamples; None when it is not."""
    attainable = 1 / (MOST_RESAMPLES + 1)
    if k < MEAN_FROM or alpha >= attainable:
        return None
    return f"the bootstrap's smallest p-value, {attainable:.2g}, is coarser than α = {alpha:.2g}"
