"""Max-T: bounds and p-values that hold for every member of a family at once.

Clusters are resampled, each with the values of all members, so that what members share is kept and
only as much is paid for their number as they differ.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuit_assert.stats.bootstrap import resamples_for, t_values, weight_blocks
from circuit_assert.stats.decision import MEAN_FROM, not_finite
from circuit_assert.stats.sample import Array, Sample, checked_ids, cluster_codes, group_means

_NO_SPREAD = 1e-12  # of the largest value: below it, differences are rounding


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """What holds for all members of a family at once; or why nothing can be said.

    Args:
        effects: float64[member], means of cluster means.
        errors: float64[member], their standard errors.
        clusters: The number of clusters.
        reason: Why there is nothing simultaneous; None when there is.
    """

    effects: Array
    errors: Array
    clusters: int
    reason: str | None = None
    _highest: Array = field(default_factory=lambda: np.empty(0), repr=False)
    _lowest: Array = field(default_factory=lambda: np.empty(0), repr=False)

    def upper(self, alpha: float) -> Array:
        """Bounds that all effects are below at once, at level 1 − alpha: float64[member].

        Infinite where a member does not vary, and for all where there is a reason.
        """
        reach = self._or_infinite * -_quantile(self._lowest, alpha)
        return np.where(np.isinf(reach), math.inf, self.effects + reach)

    def lower(self, alpha: float) -> Array:
        """Bounds that all effects are above at once, at level 1 − alpha: float64[member]."""
        reach = self._or_infinite * -_quantile(-self._highest, alpha)
        return np.where(np.isinf(reach), -math.inf, self.effects - reach)

    def p_above(self, x: float) -> Array:
        """Adjusted p-values for "the effect is above x", float64[member]: (1 + b) / (1 + B).

        Here b of B resamples have some member with a t at least as large as this one's. Those up
        to α are true with a family-wise error of at most α. 1 for a member that does not vary.
        """
        total = self._highest.size
        if not total:
            return np.ones(self.effects.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.effects - x) / self.errors
        smaller = np.searchsorted(self._highest, t, side="left")
        return np.where(self.errors > 0, (1.0 + total - smaller) / (1.0 + total), 1.0)

    @property
    def _or_infinite(self) -> Array:
        """A member that does not vary has no error to be estimated: its bounds are infinite."""
        return np.where(self.errors > 0, self.errors, math.inf)


def simultaneous(
    values: ArrayLike, clusters: Mapping[str, Sequence[Hashable]], alpha: float = 0.01
) -> Simultaneous:
    """The effects of a family, ready to be bounded at once: the studentised bootstrap's max-T.

    Deterministic, and the same for any order of the units. Needs simple clusters, 20 of them: as in
    the decision on one member, resampling fewer promises what it does not keep.

    Args:
        values: float64[unit, member].
        clusters: Cluster name → one id per unit.
        alpha: The finest level at which it will be read. Default 0.01.

    Raises:
        ValueError: when an id is missing, or values have another shape.

    Source: Westfall & Young 1993, Resampling-Based Multiple Testing, §2.5 (single step).
    """
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"a family needs values [unit, member], got shape {table.shape}.")
    design = Sample(table[:, 0], clusters)
    name = design.varying[0]
    means = _cluster_means(table, checked_ids(name, clusters[name], len(table)))
    k = len(means)
    effects = means.mean(0)
    varies = np.ptp(means, axis=0) > _NO_SPREAD * np.abs(means).max(0)
    spread = means.std(0, ddof=1) if k > 1 else np.zeros(len(effects))
    errors = np.where(varies, spread, 0.0) / math.sqrt(k)
    reason = not_finite(table.ravel()) or _unsuitable(design, k, varies)
    if reason is not None:
        return Simultaneous(effects, errors, k, reason)
    standard = (means[:, varies] - effects[varies]) / spread[varies]
    in_one_order = standard[np.lexsort(standard.T)]  # so that the order of units does not matter
    lowest, highest = _extremes(in_one_order, resamples_for(alpha))
    return Simultaneous(effects, errors, k, None, highest, lowest)


def _cluster_means(table: Array, ids: Sequence[Hashable]) -> Array:
    codes = cluster_codes(ids)
    return np.stack([group_means(column, codes) for column in table.T], axis=1)


def _unsuitable(design: Sample, k: int, varies: NDArray[np.bool_]) -> str | None:
    if design.crossed:
        return "clusters are crossed: resampling one name would take the other's for independent"
    if k < MEAN_FROM:
        return f"{k} clusters are too few to resample them jointly; it needs {MEAN_FROM}"
    return None if varies.any() else "no member varies, so no error can be estimated"


def _extremes(standard: Array, resamples: int) -> tuple[Array, Array]:
    """Smallest and largest t over the members of each resample, sorted: float64[resample]."""
    blocks = [t_values(weights, standard) for weights in weight_blocks(len(standard), resamples)]
    lowest = np.concatenate([t.min(1) for t in blocks])
    highest = np.concatenate([t.max(1) for t in blocks])
    return np.sort(lowest), np.sort(highest)


def _quantile(ascending: Array, alpha: float) -> float:
    """The k-th smallest of B with k / (1 + B) ≤ alpha; -inf when there is none."""
    k = math.floor((ascending.size + 1) * alpha * (1 + 1e-12))
    return float(np.sort(ascending)[k - 1]) if k >= 1 and ascending.size else -math.inf
