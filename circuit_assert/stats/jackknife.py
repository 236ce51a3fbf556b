"""The delete-one-cluster jackknife: intervals for statistics that are not means."""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np

from circuit_assert.stats.bootstrap import BootstrapTail, resamples_for
from circuit_assert.stats.decision import (
    MEAN_FROM,
    Decision,
    Sides,
    no_spread,
    spread_of,
    t_tail,
    too_coarse,
    too_few,
)
from circuit_assert.stats.sample import Array, JackknifeSample, cluster_codes
from circuit_assert.stats.tails import Envelope, Tail, TTail

_MEASURED: WeakKeyDictionary[JackknifeSample, tuple[float, Array]] = WeakKeyDictionary()
"""What does not depend on the level: a statistic may be slow, and is decided at several."""


def decide_jackknife(sample: JackknifeSample, alpha: float, sides: Sides) -> Decision:
    """The t around the statistic, enveloped with the t and bootstrap-t of its pseudo-values.

    A plain jackknife t gave 9 % false support at a nominal 1 % for an AUROC near one; the
    envelope 0.3 %. A correlation near ±1 stays skewed (5 %): test its arctanh.

    Args:
        sample: The statistic and its clusters.
        alpha: The finest level at which the decision will be read.
        sides: 2 for a claim with two finite bounds.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 11.
    """
    k = len(set(sample.clusters))
    if sample not in _MEASURED:
        _MEASURED[sample] = _measured(sample, k)
    effect, values = _MEASURED[sample]
    reason = _too_few(k) or too_few(k, alpha, sides) or _unusable(values, effect, alpha)
    return Decision(
        method="jackknife",
        estimand="statistic of all units",
        effect=effect,
        spread=spread_of(values),
        clusters={"cluster": k},
        units=len(sample.clusters),
        tails=None if reason else (_tail(values, effect, alpha), _tail(-values, -effect, alpha)),
        reason=reason,
    )


def _measured(sample: JackknifeSample, k: int) -> tuple[float, Array]:
    """The statistic of all units, and its pseudo-values."""
    effect = float(sample.statistic(np.ones(len(sample.clusters), dtype=np.bool_)))
    values = _pseudo_values(sample, effect) if k > 1 else np.empty(0)
    values.flags.writeable = False
    return effect, values


def _pseudo_values(sample: JackknifeSample, effect: float) -> Array:
    """Tukey's: each cluster's own contribution, float64[cluster]."""
    codes = cluster_codes(sample.clusters)
    k = int(codes.max()) + 1
    without = np.array([sample.statistic(codes != cluster) for cluster in range(k)], np.float64)
    with np.errstate(invalid="ignore"):  # what is not finite becomes NaN, and a reason
        return k * effect - (k - 1) * without


def _tail(values: Array, effect: float, alpha: float) -> Tail:
    around_mean = t_tail(values)
    around_effect = TTail(effect, around_mean.error, around_mean.df)
    bootstrap = BootstrapTail(values, resamples_for(alpha))
    return Envelope((around_effect, around_mean, bootstrap))


def _too_few(k: int) -> str | None:
    return (
        f"{k} clusters are too few for a jackknife: it needs {MEAN_FROM}" if k < MEAN_FROM else None
    )


def _unusable(values: Array, effect: float, alpha: float) -> str | None:
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    if not math.isfinite(effect):
        return f"the statistic of all units is not finite: {effect}"
    if wrong:
        return f"the statistic is not finite without any one of {wrong} of {values.size} clusters"
    return no_spread(values) or too_coarse(values.size, alpha)
