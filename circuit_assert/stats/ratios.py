"""Ratios: tested as a difference per unit, reported as a ratio of means."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from circuit_assert.stats.sample import Array, Sample, frozen_array


def ratio_excess(a: ArrayLike, b: ArrayLike, r: float) -> Array:
    """a − r·b per unit: above zero on average exactly when a/b exceeds `r`, for positive b.

    A claim about the ratio also needs a guard that b itself is above zero: where b is
    negative, a − r·b can be positive without any a.

    Args:
        a: float[unit], the numerator.
        b: float[unit], the denominator.
        r: The ratio to exceed.

    Returns:
        float64[unit], read-only.

    Raises:
        ValueError: when the lengths differ or `r` is not finite.
    """
    x, y = frozen_array(a), frozen_array(b)
    if x.size != y.size:
        raise ValueError(f"a ratio needs pairs: got {x.size} numerators, {y.size} denominators.")
    if not math.isfinite(r):
        raise ValueError(f"a ratio is compared with a finite number, got r={r}.")
    return frozen_array(x - r * y)


def ratio_of_means(a: ArrayLike, b: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """The mean of a's cluster means over that of b's: for reporting, never clipped.

    Args:
        a: float[unit], the numerator.
        b: float[unit], the denominator.
        clusters: One hashable id per unit.

    Returns:
        The ratio, possibly below 0 or above 1; NaN when the denominator is degenerate: a value
        is not finite, or its mean is within two standard errors of zero (of fewer than two
        clusters, is zero), so that not even the ratio's sign would be known.

    Raises:
        ValueError: when the lengths differ or an id is missing.
    """
    top = Sample(frozen_array(a), {"cluster": clusters}).means("cluster")
    bottom = Sample(frozen_array(b), {"cluster": clusters}).means("cluster")
    return math.nan if _is_degenerate(bottom) else float(top.mean() / bottom.mean())


def _is_degenerate(means: Array) -> bool:
    if not means.size or not np.isfinite(means).all():
        return True
    error = means.std(ddof=1) / math.sqrt(means.size) if means.size > 1 else 0.0
    return bool(abs(means.mean()) <= 2 * error)
