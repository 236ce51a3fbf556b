"""Simple clusters: one cluster name, decided on its equally weighted cluster means."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from circuit_assert.stats.decision import (
    MEAN_FROM,
    Decision,
    Estimand,
    Sides,
    both_ends,
    no_spread,
    not_finite,
    spread_of,
    tail_by_the_table,
    too_coarse,
    too_few,
)
from circuit_assert.stats.sample import Array, Sample
from circuit_assert.stats.tails import ProportionTail, ShiftedTail, Tail


def decide_simple(sample: Sample, alpha: float, sides: Sides) -> Decision:
    """The decision by the number of clusters, or Clopper and Pearson's for binary outcomes.

    Args:
        sample: Clustered by one name; of two names, the one with more than one level.
        alpha: The finest level at which the decision will be read.
        sides: 2 for a claim with two finite bounds.
    """
    name = sample.varying[0]
    means = sample.means(name)
    k = means.size
    reason = (
        not_finite(sample.values) or too_few(k, alpha, sides) or _unusable(sample, means, alpha)
    )
    median = k < MEAN_FROM and not sample.binary
    estimand: Estimand = "median cluster" if median else "mean of cluster means"
    table = "sign test" if median else "t and bootstrap-t envelope"
    return Decision(
        method="clopper-pearson" if sample.binary else table,
        estimand=estimand,
        effect=centre(means, median=median),
        spread=proportion_spread(means) if sample.binary else spread_of(means),
        clusters={name: k},
        units=sample.values.size,
        tails=None if reason else _tails(sample, means, alpha),
        reason=reason,
        note=_only_one(sample, name),
    )


def centre(means: Array, *, median: bool) -> float:
    """The median or the mean; NaN without values, or with one that is not finite."""
    if not means.size or not np.isfinite(means).all():
        return math.nan
    return float(np.median(means) if median else means.mean())


def proportion_tails(mean: float, k: int) -> tuple[Tail, Tail]:
    """The two ends of Clopper and Pearson's interval for a proportion over `k` clusters."""
    successes = mean * k
    # the negated proportion is the proportion of failures, less one
    return ProportionTail(successes, k), ShiftedTail(ProportionTail(k - successes, k), by=-1.0)


def proportion_spread(means: Array) -> float:
    """The standard deviation of one outcome, from a proportion kept off 0 and 1 (rule of two)."""
    if not means.size or not np.isfinite(means).all():
        return math.nan
    p = (float(means.sum()) + 1) / (means.size + 2)
    return math.sqrt(p * (1 - p))


def _tails(sample: Sample, means: Array, alpha: float) -> tuple[Tail, Tail]:
    if sample.binary:
        return proportion_tails(float(means.mean()), means.size)
    return both_ends(partial(tail_by_the_table, alpha=alpha), means)


def _unusable(sample: Sample, means: Array, alpha: float) -> str | None:
    return None if sample.binary else no_spread(means) or too_coarse(means.size, alpha)


def _only_one(sample: Sample, varying: str) -> str | None:
    """A note on the cluster name that does not vary, so that nobody generalises over it."""
    single = [name for name in sample.clusters if name != varying]
    return f"one {single[0]} only" if single else None
