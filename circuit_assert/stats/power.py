"""What a test could have detected, and how many clusters it needs.

Approximations for planning and for the words of an inconclusive verdict; no verdict uses them.
Cluster means are taken as normal, and the envelope and the jackknife as the plain t.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

from circuit_assert.stats.crossed import LEAST_LEVELS
from circuit_assert.stats.decision import MEAN_FROM, Method, Sides, least_clusters

MOST_CLUSTERS = 1_000_000
"""Above this number a claim is not said to need more clusters, but to be out of reach."""

_NORMAL_FROM = 200  # from here on the t is within 1 % of the normal


def min_detectable_effect(
    spread: float,
    clusters: int,
    *,
    alpha: float = 0.01,
    power: float = 0.8,
    sides: Sides = 1,
    method: Method | None = None,
) -> float:
    """How far from its bound a true effect has to be, to be supported with this power.

    Args:
        spread: The standard deviation of cluster means, in the effect's unit.
        clusters: K; of a crossed design, the smaller number of levels.
        alpha: The false-pass rate. Default 0.01.
        power: The probability of support. Default 0.8.
        sides: 1 for a region with one bound. 2 for two bounds: then the answer is the half-width
            of the narrowest region that a centred effect would be found in.
        method: "crossed" or "jackknife" where the design is one. By default the decision table's.

    Returns:
        In the effect's unit; `inf` when so few clusters can detect nothing.
    """
    return spread * _standard_shift(clusters, alpha, _per_side(power, sides), sides, method)


def clusters_needed(
    distance: float,
    spread: float,
    *,
    alpha: float = 0.01,
    power: float = 0.8,
    sides: Sides = 1,
    method: Method | None = None,
) -> int | None:
    """About how many clusters decide a true effect at this distance from its bound.

    Args:
        distance: From the effect to the nearest bound, in the effect's unit.
        spread: The standard deviation of cluster means, in the same unit.
        alpha: The error rate of the decision. Default 0.01.
        power: The probability of reaching it. Default 0.8.
        sides: 2 for a region with two bounds. Default 1.
        method: "crossed" or "jackknife" where the design is one. By default the decision table's.

    Returns:
        K, or None when no number can be given: the distance is not positive, the spread is
        unknown or zero, or more than a million clusters would be needed.
    """
    if not (distance > 0 and 0 < spread < math.inf):
        return None
    start = max(_first(method), least_clusters(alpha, sides))
    shift = distance / spread
    return _search(start, lambda k: _standard_shift(k, alpha, power, sides, method) <= shift)


def min_detectable_proportion(
    bound: float, clusters: int, *, alpha: float = 0.01, power: float = 0.8
) -> float:
    """How far above `bound` a true proportion has to be, to be supported with this power.

    Args:
        bound: The proportion to exceed; for a claim "below", one minus its bound.
        clusters: K, with one outcome each.
        alpha: The false-pass rate. Default 0.01.
        power: The probability of support. Default 0.8.

    Returns:
        A difference of proportions; `inf` when not even K successes would be enough.
    """
    from scipy import special

    if bound < 0:
        return 0.0
    needed = _successes_needed(min(bound, 1.0), clusters, alpha)
    if needed > clusters:
        return math.inf
    # the p at which P(Binomial(K, p) ≥ needed) is the power, by the beta it is equal to
    return float(special.betaincinv(needed, clusters - needed + 1, power)) - bound


def clusters_needed_for_proportion(
    distance: float, bound: float, *, alpha: float = 0.01, power: float = 0.8
) -> int | None:
    """About how many clusters decide a true proportion at this distance above `bound`.

    Args:
        distance: From the bound to the proportion.
        bound: The proportion to exceed; for a claim "below", one minus its bound.
        alpha: The error rate of the decision. Default 0.01.
        power: The probability of reaching it. Default 0.8.

    Returns:
        K, or None when the distance is not positive or K would be above a million.
    """
    if not distance > 0:
        return None

    def enough(k: int) -> bool:
        return min_detectable_proportion(bound, k, alpha=alpha, power=power) <= distance

    return _search(least_clusters(alpha), enough)


def exceptional_share(alpha: float, clusters: int) -> float:
    """The share of exceptional clusters that K agreeing ones cannot exclude: 1 − alpha^(1/K).

    Were a larger share of all clusters different, K random ones would have shown one with
    probability above 1 − alpha. 48 % at 7 clusters, 21 % at 20, 9 % at 50, for alpha 0.01.
    """
    return 1 - alpha ** (1 / clusters) if clusters else 1.0


def _per_side(power: float, sides: Sides) -> float:
    """The power each side needs for both to succeed."""
    return power if sides == 1 else (1 + power) / 2


def _first(method: Method | None) -> int:
    return {"crossed": LEAST_LEVELS, "jackknife": MEAN_FROM}.get(method or "", 1)


@lru_cache(maxsize=1 << 14)
def _standard_shift(
    k: int, alpha: float, power: float, sides: Sides, method: Method | None
) -> float:
    """The detectable effect in standard deviations of cluster means."""
    if k < max(2, _first(method), least_clusters(alpha, sides)):
        return math.inf
    if k < MEAN_FROM and method != "crossed":
        return _sign_shift(k, alpha, power)
    return _t_shift(k, alpha, power) if k < _NORMAL_FROM else _normal_shift(k, alpha, power)


@lru_cache(maxsize=4096)
def _sign_shift(k: int, alpha: float, power: float) -> float:
    """The shift of a normal at which enough of k values are positive."""
    from scipy import stats

    return float(stats.norm.ppf(0.5 + min_detectable_proportion(0.5, k, alpha=alpha, power=power)))


@lru_cache(maxsize=4096)
def _t_shift(k: int, alpha: float, power: float) -> float:
    from statsmodels.stats.power import TTestPower

    solve = TTestPower().solve_power
    return float(solve(nobs=k, alpha=alpha, power=power, alternative="larger"))


@lru_cache(maxsize=4096)
def _successes_needed(bound: float, clusters: int, alpha: float) -> int:
    """The fewest successes whose probability at the bound is at most alpha."""
    from scipy import stats

    return int(stats.binom.isf(alpha, clusters, bound)) + 1


def _normal_shift(k: int, alpha: float, power: float) -> float:
    return _quantiles(alpha, power) / math.sqrt(k)


@lru_cache(maxsize=64)
def _quantiles(alpha: float, power: float) -> float:
    from scipy import special

    return float(special.ndtri(1 - alpha) + special.ndtri(power))


def _search(start: int, enough: Callable[[int], bool]) -> int | None:
    """The first number of clusters that is enough, from `start`.

    One by one where exact tests make power a sawtooth; by halving above.
    """
    found = next((k for k in range(start, MEAN_FROM) if enough(k)), None)
    if found is not None:
        return found
    larger = range(max(start, MEAN_FROM), MOST_CLUSTERS + 1)
    index = bisect_left(larger, True, key=enough)
    return larger[index] if index < len(larger) else None
