"""The bootstrap-t: Student's t whose quantiles come from the sample, so that skew is seen.

scipy's `bootstrap` has the percentile, basic and BCa intervals but not the studentised one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from circuit_assert.stats.sample import Array

LEAST_RESAMPLES = 9_999
MOST_RESAMPLES = 99_999
_BLOCK = 1 << 20  # numbers handled at once
_NO_SPREAD = 1e-10  # of a resample, relative to the sample's variance


@dataclass(frozen=True, eq=False)
class BootstrapTail:
    """The studentised bootstrap bound of a mean.

    Deterministic: the resamples depend on nothing but the number of values and of resamples,
    and the values are sorted first, so that the order of units does not matter.

    Args:
        values: float64[cluster], not all equal.
        resamples: How many resamples, see `resamples_for`.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, §12.5.
    """

    values: Array
    resamples: int

    def lower(self, alpha: float) -> float:
        """The mean less the resamples' upper quantile of t, in standard errors."""
        # the k-th largest of B: exceeding it is the same event as (1 + b) / (1 + B) ≤ alpha
        k = math.floor((self.resamples + 1) * alpha * (1 + 1e-12))
        if k < 1:
            return -math.inf
        return self._mean - self._error * float(self._sorted_t[-k])

    def p_above(self, x: float) -> float:
        """(1 + b) / (1 + B), where b resamples have a t at least as large as the sample's."""
        observed = (self._mean - x) / self._error
        smaller = int(np.searchsorted(self._sorted_t, observed, side="left"))
        return (1 + self.resamples - smaller) / (1 + self.resamples)

    @cached_property
    def _mean(self) -> float:
        return float(self.values.mean())

    @cached_property
    def _error(self) -> float:
        return float(self.values.std(ddof=1)) / math.sqrt(self.values.size)

    @cached_property
    def _sorted_t(self) -> Array:
        standard = (np.sort(self.values) - self._mean) / float(self.values.std(ddof=1))
        blocks = weight_blocks(self.values.size, self.resamples)
        t = np.concatenate([t_values(block, standard) for block in blocks])
        t.sort()
        return t


def resamples_for(alpha: float) -> int:
    """How many resamples a bound at level 1 − alpha takes: at least 20 beyond it.

    Limited to `MOST_RESAMPLES`; the smallest attainable p-value is one over that plus one.
    """
    return min(MOST_RESAMPLES, max(LEAST_RESAMPLES, math.ceil(20 / alpha)))


def t_values(weights: Array, standard: Array) -> Array:
    """The t of each resample against the sample's mean, float64[resample, ...].

    Args:
        weights: float64[resample, value], how often each value is drawn.
        standard: float64[value, ...], less the mean and over the standard deviation.

    A resample of equal values has no spread: its t is infinite, towards the side it fell on.
    That pushes bounds outward, as it should when few clusters carry the whole effect.
    """
    k = len(standard)
    means = weights @ standard / k
    variances = (weights @ standard**2 - k * means**2) / (k - 1)
    flat = variances < _NO_SPREAD
    if not flat.any():
        return means / np.sqrt(variances / k)
    t = means / np.sqrt(np.where(flat, 1.0, variances) / k)
    t[flat] = np.where(np.abs(means[flat]) < _NO_SPREAD, 0.0, np.copysign(np.inf, means[flat]))
    return t


@lru_cache(maxsize=4)
def _weights(k: int, resamples: int) -> NDArray[np.uint8]:
    """How often each value is drawn in each resample, uint8[resample, value]."""
    generator = np.random.default_rng([k, resamples])
    weights = np.empty((resamples, k), dtype=np.uint8)
    for rows in _row_slices(resamples, k):
        draws = generator.integers(k, size=(len(range(*rows.indices(resamples))), k))
        draws += np.arange(len(draws))[:, None] * k
        weights[rows] = np.bincount(draws.ravel(), minlength=draws.size).reshape(draws.shape)
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=2)
def _as_numbers(k: int, resamples: int) -> Array:
    """The same, as they are multiplied: kept where they are one block."""
    weights = _weights(k, resamples).astype(np.float64)
    weights.flags.writeable = False
    return weights


def weight_blocks(k: int, resamples: int) -> Iterator[Array]:
    """How often each of k values is drawn, float64[resample, value], some resamples at a time."""
    weights = _weights(k, resamples)
    if weights.size <= _BLOCK:
        yield _as_numbers(k, resamples)
        return
    for rows in _row_slices(*weights.shape):
        yield weights[rows].astype(np.float64)


def _row_slices(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _BLOCK // columns)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
