"""Estimates: each row of the decision table against scipy, and every reason not to decide."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from circuit_assert.stats import JackknifeSample, Sample, estimate

RNG = np.random.default_rng(7)


def simple(values, **more):
    """Each unit its own template."""
    return Sample(values, {"template": range(len(values))}, **more)


def crossed(table, **more):
    """A complete table, float[concept, template]."""
    i, j = table.shape
    ids = {"concept": np.repeat(np.arange(i), j).tolist(), "template": list(range(j)) * i}
    return Sample(table.ravel(), ids, **more)


# The median, up to 19 clusters


def test_with_seven_clusters_the_interval_is_their_range():
    found = estimate(simple([3, 1, 4, 1.5, 9, 2.6, 5]))
    assert (found.low, found.effect, found.high) == (1, 3, 9)
    assert (found.method, found.estimand) == ("sign test", "median cluster")
    assert found.decidable


@pytest.mark.parametrize("k", range(7, 20))
@pytest.mark.parametrize("alpha", [0.01, 0.02, 0.05])
def test_the_order_statistics_are_the_tightest_that_binomtest_allows(k, alpha):
    values = np.arange(k, dtype=float)  # value i has k − i values from it upwards
    found = estimate(simple(values), alpha)

    def p(at_least):
        return stats.binomtest(at_least, k, 0.5, alternative="greater").pvalue

    rank = int(found.low)
    assert p(k - rank) <= alpha  # the interval's own end
    assert p(k - rank - 1) > alpha  # one further in would not keep the level
    assert found.high == k - 1 - rank


def test_the_median_is_not_moved_by_one_wild_cluster():
    values = np.linspace(1, 2, 12)
    wild = np.where(values == 2, 1e9, values)
    assert estimate(simple(wild)).effect == estimate(simple(values)).effect


def test_ties_are_clusters_like_any_other():
    found = estimate(simple([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]))
    assert (found.low, found.high) == (0, 2)


# The mean, from 20 clusters


@pytest.mark.parametrize("k", [20, 35])
def test_the_envelope_is_never_narrower_than_scipys_t(k):
    values = RNG.gamma(2, size=k)
    found = estimate(simple(values), 0.01)
    t = stats.ttest_1samp(values, 0).confidence_interval(0.98)
    assert found.low <= t.low + 1e-12
    assert found.high >= t.high - 1e-12
    assert found.effect == pytest.approx(values.mean())
    assert (found.method, found.estimand) == ("t and bootstrap-t envelope", "mean of cluster means")


def test_for_symmetric_clusters_the_envelope_is_nearly_the_t():
    values = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    t = stats.ttest_1samp(values, 0).confidence_interval(0.98)
    assert estimate(simple(values)).high == pytest.approx(t.high, rel=0.1)


def test_for_skewed_clusters_the_long_tail_gets_the_longer_arm():
    found = estimate(simple(stats.lognorm.ppf((np.arange(30) + 0.5) / 30, 1)))
    assert found.high - found.effect > 1.5 * (found.effect - found.low)


def test_units_count_once_per_cluster():
    means = RNG.normal(size=24)
    many = Sample(np.repeat(means, 50), {"template": np.repeat(np.arange(24), 50).tolist()})
    found, alone = estimate(many), estimate(simple(means))
    assert found.units == 1200
    assert found.clusters == {"template": 24}
    assert found.interval == pytest.approx(alone.interval)


def test_the_median_gives_way_to_the_mean_at_twenty():
    values = RNG.normal(size=20)
    assert estimate(simple(values[:19])).estimand == "median cluster"
    assert estimate(simple(values)).estimand == "mean of cluster means"


# Binary outcomes


@pytest.mark.parametrize("k", [7, 12, 19, 20, 40])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_binary_outcomes_have_scipys_exact_interval(k, share):
    hits = round(share * k)
    found = estimate(simple([1] * hits + [0] * (k - hits), binary=True))
    exact = stats.binomtest(hits, k).proportion_ci(0.98, method="exact")
    assert found.interval == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert (found.method, found.estimand) == ("clopper-pearson", "mean of cluster means")


def test_repeating_an_outcome_inside_its_cluster_adds_nothing():
    outcomes = np.array([1] * 9 + [0] * 3)
    repeated = Sample(
        np.repeat(outcomes, 30), {"template": np.repeat(np.arange(12), 30).tolist()}, binary=True
    )
    assert estimate(repeated).interval == estimate(simple(outcomes, binary=True)).interval


@given(st.lists(st.integers(0, 6), min_size=7, max_size=25))
@settings(deadline=None, max_examples=40)
def test_binary_clusters_lie_between_the_whole_successes_around_them(hits):
    k = len(hits)
    values = [float(i < h) for h in hits for i in range(6)]
    found = estimate(Sample(values, {"t": np.repeat(np.arange(k), 6).tolist()}, binary=True))
    x = sum(hits) / 6
    around = [stats.binomtest(n, k).proportion_ci(0.98) for n in (math.floor(x), math.ceil(x))]
    assert around[0].low - 1e-9 <= found.low <= around[1].low + 1e-9
    assert around[0].high - 1e-9 <= found.high <= around[1].high + 1e-9


# Undecidable


def reason_of(sample, alpha=0.01, **more):
    """The reason of a sample that has to be undecidable."""
    found = estimate(sample, alpha, **more)
    assert not found.decidable
    assert found.interval == (-math.inf, math.inf)
    return found.reason


def test_too_few_clusters_still_report_an_effect():
    sample = simple([1, 2, 3, 4, 5, 6])
    assert reason_of(sample) == (
        "6 clusters are too few: if all agree the p-value is 0.016, coarser than α = 0.01; "
        "it needs 7"
    )
    assert estimate(sample).effect == 3.5


@pytest.mark.parametrize(
    ("alpha", "sides", "least"), [(0.01, 1, 7), (0.01, 2, 8), (0.01 / 3, 1, 9), (2**-5, 1, 5)]
)
def test_the_fewest_clusters_are_those_of_the_table(alpha, sides, least):
    assert "too few" in reason_of(simple(np.arange(least - 1.0)), alpha, sides=sides)
    assert estimate(simple(np.arange(float(least))), alpha, sides=sides).decidable


def test_a_binary_outcome_needs_as_many_clusters():
    assert "6 clusters are too few" in reason_of(simple([1] * 6, binary=True))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("binary", [False, True])
def test_values_that_are_not_finite_are_counted(bad, binary):
    sample = simple([1.0, bad] + [0.0] * 20, binary=binary)
    assert reason_of(sample) == "1 of 22 values is not finite"
    assert math.isnan(estimate(sample).effect)
    assert math.isnan(estimate(sample).spread)


def test_two_values_that_are_not_finite_are_plural():
    assert "2 of 9 values are" in reason_of(simple([math.nan] * 2 + [0.0] * 7))


def test_no_units_are_too_few():
    assert "0 clusters are too few" in reason_of(simple([]))


@pytest.mark.parametrize("k", [10, 30])
@pytest.mark.parametrize("value", [0.0, 0.1, -3.7])
def test_zero_variance_is_no_certainty(k, value):
    assert "zero variance" in reason_of(simple([value] * k))


def test_zero_variance_between_clusters_counts_and_not_within():
    values = [0.1, 0.3] * 24  # rounding makes some means 0.2 and a bit
    sample = Sample(values, {"template": np.repeat(np.arange(24), 2).tolist()})
    assert "zero variance" in reason_of(sample)


def test_binary_outcomes_that_agree_are_evidence():
    found = estimate(simple([1] * 20, binary=True))
    assert found.decidable
    assert (found.low, found.high) == (pytest.approx(0.01 ** (1 / 20)), 1)


def test_an_alpha_finer_than_the_bootstrap_is_not_attainable():
    values = RNG.normal(size=30)
    assert "bootstrap's smallest p-value, 1e-05, is coarser" in reason_of(simple(values), 5e-6)
    assert estimate(simple(values), 2e-5).decidable


@pytest.mark.parametrize("alpha", [0, -1, 0.5, math.nan])
def test_alpha_is_an_error_rate(alpha):
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        estimate(simple(np.arange(9.0)), alpha)


# What must not matter

VALUES = st.lists(st.integers(-40, 40), min_size=7, max_size=30).map(
    lambda found: np.array(found) / 8
)
FEW = settings(deadline=None, max_examples=30)


def same(found, expected):
    """Equal up to rounding, with everything that is not a number equal."""
    numbers = ("effect", "low", "high", "spread")
    for name in numbers:
        value = getattr(expected, name)
        assert getattr(found, name) == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True)
    blank = dict.fromkeys(numbers, 0.0)
    assert replace(found, **blank) == replace(expected, **blank)


def made(values, kind):
    """The values as clusters, as crossed cells, or as the clusters of a jackknifed mean."""
    if kind == "crossed":
        return crossed(np.add.outer(values, values[:8] ** 2) + np.outer(values, values[:8]))
    if kind == "jackknife":
        return JackknifeSample(lambda mask: float(values[mask].mean()), range(len(values)))
    return simple(values)


KINDS = pytest.mark.parametrize("kind", ["simple", "crossed", "jackknife"])


@KINDS
@FEW
@given(values=VALUES)
def test_flipping_the_sign_mirrors(kind, values):
    sample = made(values, kind)
    if kind == "jackknife":
        flipped = replace(sample, statistic=lambda mask: -sample.statistic(mask))
    else:
        flipped = replace(sample, values=-sample.values)
    found, mirrored = estimate(sample), estimate(flipped)
    same(replace(mirrored, effect=-mirrored.effect, low=-mirrored.high, high=-mirrored.low), found)


@KINDS
@FEW
@given(values=VALUES, shift=st.integers(-9, 9), scale=st.sampled_from([0.25, 1.0, 8.0]))
def test_shifting_and_scaling_carry_through(kind, values, shift, scale):
    sample = made(values, kind)
    if kind == "jackknife":
        moved = replace(sample, statistic=lambda mask: sample.statistic(mask) * scale + shift)
    else:
        moved = replace(sample, values=sample.values * scale + shift)
    found, before = estimate(moved), estimate(sample)
    expected = replace(
        before,
        effect=before.effect * scale + shift,
        low=before.low * scale + shift,
        high=before.high * scale + shift,
        spread=before.spread * scale,
    )
    same(found, expected)


@KINDS
@FEW
@given(values=VALUES, seed=st.integers(0, 99))
def test_the_order_of_units_does_not_matter(kind, values, seed):
    sample = made(values, kind)
    if kind == "jackknife":
        permuted = made(np.random.default_rng(seed).permutation(values), kind)
    else:
        order = np.random.default_rng(seed).permutation(sample.values.size)
        ids = {name: [ids[i] for i in order] for name, ids in sample.clusters.items()}
        permuted = Sample(sample.values[order], ids)
    same(estimate(permuted), estimate(sample))


@KINDS
@FEW
@given(values=VALUES)
def test_a_finer_alpha_gives_an_interval_around_the_coarser(kind, values):
    coarse, fine = estimate(made(values, kind), 0.05), estimate(made(values, kind), 0.01)
    slack = 0.02 * (0 if math.isinf(coarse.high - coarse.low) else coarse.high - coarse.low)
    assert fine.low <= coarse.low + slack
    assert fine.high >= coarse.high - slack


@FEW
@given(values=VALUES)
def test_the_effect_lies_in_its_interval(values):
    found = estimate(simple(values))
    assert found.low <= found.effect <= found.high


def test_global_random_state_is_neither_used_nor_moved():
    values = RNG.normal(size=25)
    before = estimate(simple(values))
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    assert estimate(simple(values)) == before
    assert (np.random.get_state()[1] == state).all()
