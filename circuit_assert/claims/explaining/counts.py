"""How well something predicted agrees with activity, from counts that documents add up to."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.single_features.activity import Reals
from circuit_assert.claims.single_features.halves import Bools

Counts = npt.NDArray[np.float64]


def outcomes(active: Bools, called: Bools, inactive: Bools) -> Counts:
    """Per document: hits, active positions, correct rejections, inactive positions: `[..., 4]`.

    Args:
        active: Active positions that count, `[..., unit, pos]`.
        called: Those said to be active.
        inactive: Inactive positions that count.
    """
    parts = (active & called, active, inactive & ~called, inactive)
    return np.stack([part.sum(-1).astype(np.float64) for part in parts], axis=-1)


def balanced_accuracy(counts: Counts) -> Reals:
    """The mean of recall and specificity, `[..., 4]` → `[...]`; NaN where a kind is missing."""
    hits, active, rejected, inactive = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (hits / active + rejected / inactive) / 2


def sums(x: Reals, y: Reals) -> Counts:
    """Per document what a correlation over all positions is made of: `[..., unit, 6]`."""
    there = np.isfinite(x) & np.isfinite(y)
    a, b = np.where(there, x, 0.0), np.where(there, y, 0.0)
    parts = (there.astype(np.float64), a, b, a * a, b * b, a * b)
    return np.stack([part.sum(-1) for part in np.broadcast_arrays(*parts)], axis=-1)


def correlation(total: Counts) -> Reals:
    """Pearson's r, `[..., 6]` → `[...]`; NaN where one of both is constant."""
    n, a, b, aa, bb, ab = np.moveaxis(total, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = ab - a * b / n
        spread = np.maximum(aa - a * a / n, 0.0) * np.maximum(bb - b * b / n, 0.0)
        found = covariance / np.sqrt(spread)
    return np.where(spread > 1e-18 * np.maximum(aa * bb, 1e-300), found, np.nan)


def arctanh(r: float) -> float:
    """Of a correlation, so that its error is alike everywhere."""
    return math.atanh(min(max(r, -1 + 1e-12), 1 - 1e-12)) if math.isfinite(r) else math.nan
