"""Crossed clusters, such as concepts × templates: both are sampled, so both add variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from circuit_assert.stats.bootstrap import BootstrapTail, resamples_for
from circuit_assert.stats.decision import (
    Decision,
    Sides,
    has_spread,
    not_finite,
    t_tail,
    too_coarse,
    too_few,
)
from circuit_assert.stats.sample import Array, Codes, Sample, cluster_codes, group_means
from circuit_assert.stats.simple import centre, proportion_tails
from circuit_assert.stats.tails import Envelope, Tail, TTail

LEAST_LEVELS = 16
"""The fewest levels of each cluster name that a crossed design can be decided on.

With fewer, effects that four levels in five lack are too often not seen at all.
"""


@dataclass(frozen=True, eq=False)
class Cells:
    """The means of the occupied cells of a two-way table, each with the same weight.

    Args:
        means: float64[cell].
        codes: For each of the two names, the level of each cell, intp[cell].
    """

    means: Array
    codes: tuple[Codes, Codes]

    @property
    def effective_levels(self) -> tuple[float, float]:
        """Per name, the number of equally filled levels that would weigh as these do (Kish).

        The number of levels when the table is complete; 1 when one level holds nearly all.
        """
        counts = [np.bincount(codes) for codes in self.codes]
        first, second = (float(n.sum() ** 2 / (n**2).sum()) for n in counts)
        return first, second

    @property
    def variance(self) -> float:
        """V of the mean of cells: V of the one name plus V of the other.

        Cells' own noise is in both and not subtracted, which errs to the safe side.

        Source: Cameron, Gelbach & Miller 2011, doi:10.1198/jbes.2010.07136.
        """
        residuals = (self.means - self.means.mean()) / self.means.size
        parts = zip(self.codes, self.effective_levels, strict=True)
        return sum(_cluster_variance(residuals, codes, k) for codes, k in parts)


def cells_of(sample: Sample) -> Cells:
    """The sample's units averaged into the cells of its two cluster names."""
    first, second = (cluster_codes(ids) for ids in sample.clusters.values())
    cell = cluster_codes(zip(first.tolist(), second.tolist(), strict=True))
    _, example = np.unique(cell, return_index=True)
    return Cells(group_means(sample.values, cell), (first[example], second[example]))


def decide_crossed(sample: Sample, alpha: float, sides: Sides) -> Decision:
    """The t interval with both variances and min(K) − 1 degrees of freedom, made safe for skew.

    It is never narrower than the envelope of each name's level means by themselves: alone, the t
    gave up to 13 % false support at a nominal 1 % when both names' effects were skewed. With
    fewer than 16 levels even that gave 5–7 % where four effects in five are zero.

    Args:
        sample: Crossed, see `Sample.crossed`.
        alpha: The finest level at which the decision will be read.
        sides: 2 for a claim with two finite bounds.
    """
    cells = cells_of(sample)
    k = min(sample.levels.values())
    reason = not_finite(sample.values) or _unusable(sample, cells, alpha, sides)
    return Decision(
        method="crossed",
        estimand="mean of cell means",
        effect=centre(cells.means, median=False),
        spread=math.sqrt(cells.variance * k) if np.isfinite(cells.means).all() else math.nan,
        clusters=sample.levels,
        units=sample.values.size,
        tails=None if reason else (_tail(sample, cells, alpha, 1), _tail(sample, cells, alpha, -1)),
        reason=reason,
    )


def _cluster_variance(residuals: Array, codes: Codes, levels: float) -> float:
    sums = np.bincount(codes, weights=residuals)
    return float(sums @ sums) * levels / (levels - 1)


def _unusable(sample: Sample, cells: Cells, alpha: float, sides: Sides) -> str | None:
    names = zip(sample.levels.items(), cells.effective_levels, strict=True)
    few = [_few_levels(name, k, effective, alpha, sides) for (name, k), effective in names]
    found = [reason for reason in few if reason]
    if found:
        return found[0]
    if not sample.binary and not _varies(cells):
        return f"zero variance: the {cells.means.size} cells give no error to estimate"
    return too_coarse(max(sample.levels.values()), alpha)


def _few_levels(name: str, k: int, effective: float, alpha: float, sides: Sides) -> str | None:
    if k < LEAST_LEVELS:
        return f"{k} {name}s are too few: a crossed design needs {LEAST_LEVELS} of each"
    if round(effective) < LEAST_LEVELS:
        return (
            f"the {k} {name}s are filled so unevenly that they count as {effective:.1f}: "
            f"a crossed design needs {LEAST_LEVELS} of each"
        )
    return too_few(k, alpha, sides, noun=name)


def _tail(sample: Sample, cells: Cells, alpha: float, sign: int) -> Tail:
    """The lower tail of the effect (sign 1) or of its negation (sign −1)."""
    k = round(min(cells.effective_levels))
    both = TTail(sign * float(cells.means.mean()), math.sqrt(cells.variance), k - 1)
    parts: list[Tail] = [both] if _varies(cells) else []
    if sample.binary:
        up, down = proportion_tails(float(cells.means.mean()), k)
        return Envelope((*parts, up if sign > 0 else down))
    for codes in cells.codes:
        means = sign * group_means(cells.means, codes)
        if has_spread(means):
            parts += [t_tail(means), BootstrapTail(means, resamples_for(alpha))]
    return Envelope(tuple(parts))


def _varies(cells: Cells) -> bool:
    """Whether the mean of cells has an error at all; differences of rounding are none."""
    return math.sqrt(cells.variance) > 1e-12 * float(np.abs(cells.means).max())
