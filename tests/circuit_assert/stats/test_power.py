"""Power: the approximations against simulation and against each other."""

import math

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import (
    Sample,
    above,
    assess,
    clusters_needed,
    clusters_needed_for_proportion,
    exceptional_share,
    min_detectable_effect,
    min_detectable_proportion,
    within,
)


def power(effect, k, region, n=150, seed=0):
    """The share of n normal samples around the effect that are supported."""
    draws = np.random.default_rng(seed).normal(effect, 1, (n, k))
    samples = [Sample(row, {"template": range(k)}) for row in draws]
    return np.mean([assess(x, region).verdict == "supported" for x in samples])


@pytest.mark.parametrize("k", [7, 12, 19, 25])
def test_a_detectable_effect_is_supported_eight_times_in_ten(k):
    effect = min_detectable_effect(1.0, k)
    assert power(effect, k, above(0)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("k", [12, 25])
def test_a_detectable_equivalence_is_supported_eight_times_in_ten(k):
    assert power(0, k, within(min_detectable_effect(1.0, k, sides=2))) >= 0.7
    assert power(0, k, within(0.7 * min_detectable_effect(1.0, k, sides=2))) < 0.6


def test_a_detectable_effect_scales_with_the_spread():
    assert min_detectable_effect(3.0, 12) == pytest.approx(3 * min_detectable_effect(1.0, 12))


def test_a_long_t_is_a_normal():
    below, above_it = (min_detectable_effect(1.0, k) for k in (199, 200))
    assert below == pytest.approx(above_it, rel=0.01)


@pytest.mark.parametrize("k", [25, 60, 199])
def test_the_t_agrees_with_the_noncentral_distribution(k):
    shift = min_detectable_effect(1.0, k, alpha=0.01, power=0.8)
    critical = stats.t.ppf(0.99, k - 1)
    assert stats.nct.sf(critical, k - 1, shift * math.sqrt(k)) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize("method", [None, "crossed", "jackknife"])
@pytest.mark.parametrize("distance", [0.2, 0.5, 1.0])
def test_needed_and_detectable_are_inverse(method, distance):
    k = clusters_needed(distance, 1.0, method=method)
    assert min_detectable_effect(1.0, k, method=method) <= distance
    if k > 20:
        assert min_detectable_effect(1.0, k - 1, method=method) > distance


def test_no_design_needs_fewer_clusters_than_it_can_decide_with():
    assert clusters_needed(100, 1.0) == 7
    assert clusters_needed(100, 1.0, sides=2) == 8
    assert clusters_needed(100, 1.0, method="crossed") == 16
    assert clusters_needed(100, 1.0, method="jackknife") == 20
    assert min_detectable_effect(1.0, 6) == math.inf
    assert min_detectable_effect(1.0, 7, sides=2) == math.inf
    assert min_detectable_effect(1.0, 19, method="jackknife") == math.inf


@pytest.mark.parametrize(
    ("distance", "spread"), [(0, 1), (-1, 1), (1, 0), (1, math.nan), (math.nan, 1), (1e-6, 1)]
)
def test_where_no_number_can_be_given_there_is_none(distance, spread):
    assert clusters_needed(distance, spread) is None


@pytest.mark.parametrize(("bound", "k"), [(0.5, 12), (0.1, 30), (0.8, 40)])
def test_a_detectable_proportion_passes_the_exact_test_eight_times_in_ten(bound, k):
    p = bound + min_detectable_proportion(bound, k)
    n = np.arange(k + 1)
    passes = [stats.binomtest(int(x), k, bound, alternative="greater").pvalue <= 0.01 for x in n]
    assert stats.binom.pmf(n, k, p)[passes].sum() == pytest.approx(0.8)


def test_a_proportion_out_of_reach():
    assert min_detectable_proportion(0.9, 12) == math.inf
    assert min_detectable_proportion(1.0, 1000) == math.inf
    assert min_detectable_proportion(-0.1, 12) == 0
    assert clusters_needed_for_proportion(0.0, 0.5) is None
    assert clusters_needed_for_proportion(1e-6, 0.5) is None


def test_needed_clusters_for_a_proportion_are_enough():
    k = clusters_needed_for_proportion(0.3, 0.5)
    assert min_detectable_proportion(0.5, k) <= 0.3
    assert min_detectable_proportion(0.5, k - 10) > 0.3


def test_agreeing_clusters_leave_room_for_exceptions():
    share = exceptional_share(0.01, 20)
    assert (1 - share) ** 20 == pytest.approx(0.01)
    assert exceptional_share(0.01, 0) == 1
