"""Verdicts: supported and refuted need evidence; everything else is inconclusive."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from circuit_assert.stats import (
    JackknifeSample,
    Sample,
    Verdict,
    above,
    assess,
    below,
    between,
    estimate,
    within,
)

RNG = np.random.default_rng(21)


def simple(values, **more):
    """Each unit its own template."""
    return Sample(values, {"template": range(len(values))}, **more)


def spread_around(centre, k=24, scale=0.1):
    """k values that are symmetric around the centre."""
    return simple(centre + scale * stats.norm.ppf((np.arange(k) + 0.5) / k))


# The rule


@pytest.mark.parametrize(
    ("region", "verdict"),
    [
        (above(0.8), "supported"),
        (above(1.0), "inconclusive"),
        (above(1.2), "refuted"),
        (below(1.2), "supported"),
        (below(1.0), "inconclusive"),
        (below(0.8), "refuted"),
        (between(0.8, 1.2), "supported"),
        (between(0.8, 1.0), "inconclusive"),
        (between(1.2, 1.5), "refuted"),
        (between(0.5, 0.8), "refuted"),
        (within(1.2), "supported"),
        (within(0.8), "refuted"),
    ],
)
@pytest.mark.parametrize("k", [12, 24])
def test_inside_disjoint_or_neither(region, verdict, k):
    assert assess(spread_around(1.0, k), region).verdict == verdict


def test_a_verdict_says_why():
    sample = spread_around(1.0)
    interval = estimate(sample).interval
    assert assess(sample, above(0.5)).reason == f"the whole interval {interval} lies above +0.50"
    assert assess(sample, above(2)).reason == f"no part of the interval {interval} lies above +2.00"
    assert assess(sample, above(1)).reason == (
        f"the interval {interval} lies above +1.00 only in part"
    )


def test_a_sample_that_cannot_decide_gives_its_reason():
    found = assess(simple([1.0, 2, 3]), above(0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == found.estimate.reason
    assert found.p_value == 1


def test_an_end_exactly_on_the_bound_does_not_count():
    sample = simple([0.5, 1, 2, 3, 4, 5, 6])
    assert assess(sample, above(0.5)).verdict == "inconclusive"
    assert assess(sample, above(0.499)).verdict == "supported"
    assert assess(sample, below(0.5)).verdict == "refuted"
    assert assess(sample, below(0.501)).verdict == "inconclusive"


def test_a_region_with_two_bounds_needs_one_cluster_more():
    sample = spread_around(0, 7)
    assert assess(sample, above(-1)).verdict == "supported"
    found = assess(sample, within(1))
    assert found.verdict == "inconclusive"
    assert "it needs 8" in found.reason
    assert assess(spread_around(0, 8), within(1)).verdict == "supported"


def test_refuting_at_a_finer_level_needs_more_clusters_and_supporting_does_not():
    refutable = spread_around(0, 8)
    assert assess(refutable, above(1)).verdict == "refuted"
    found = assess(refutable, above(1), refute_alpha=0.01 / 3)
    assert found.verdict == "inconclusive"
    assert "it needs 9" in found.reason
    assert assess(refutable, above(-1), refute_alpha=0.01 / 3).verdict == "supported"


def test_a_region_with_two_bounds_is_refuted_at_half_the_level_on_each_side():
    found = assess(spread_around(0), between(1, 2))
    assert found.estimate.alpha == 0.01
    assert found.refutation.alpha == 0.005
    assert assess(spread_around(0), above(1)).refutation.alpha == 0.01


# Small samples do not help


@pytest.mark.parametrize("k", range(1, 8))
def test_no_effect_and_few_clusters_is_no_equivalence(k):
    assert assess(simple(np.zeros(k) + 1e-9 * np.arange(k)), within(1)).verdict == "inconclusive"


def test_not_significantly_different_is_not_equivalent():
    noisy = simple(RNG.normal(0, 1, 24))
    assert stats.ttest_1samp(noisy.values, 0).pvalue > 0.05
    assert assess(noisy, within(0.3)).verdict == "inconclusive"


def test_equivalence_is_rarer_with_fewer_clusters():
    draws = RNG.normal(0, 1, (80, 60))
    rates = [
        np.mean([assess(simple(row[:k]), within(0.6)).verdict == "supported" for row in draws])
        for k in (8, 12, 20, 30, 60)
    ]
    assert rates == sorted(rates)
    assert rates[0] < 0.05
    assert rates[-1] > 0.9


# Noise


def test_noise_widens_both_ends_by_three_floors():
    sample = spread_around(1.0)
    plain, noisy = assess(sample, above(0)), assess(sample, above(0), noise_floor=0.1)
    for name in ("estimate", "refutation"):
        before, after = getattr(plain, name), getattr(noisy, name)
        assert after.low == pytest.approx(before.low - 0.3)
        assert after.high == pytest.approx(before.high + 0.3)
        assert after.effect == before.effect
    assert noisy.min_detectable_effect == pytest.approx(plain.min_detectable_effect + 0.3)


def test_an_effect_within_the_noise_is_neither_claimed_nor_denied():
    sample = spread_around(1.0)
    assert assess(sample, above(0.8)).verdict == "supported"
    assert assess(sample, above(0.8), noise_floor=0.1).verdict == "inconclusive"
    assert assess(sample, above(1.2)).verdict == "refuted"
    assert assess(sample, above(1.2), noise_floor=0.1).verdict == "inconclusive"
    assert assess(spread_around(0), within(0.5), noise_floor=0.1).verdict == "supported"
    assert assess(spread_around(0), within(0.5), noise_floor=0.16).verdict == "inconclusive"


@pytest.mark.parametrize("floor", [-0.1, math.nan, math.inf])
def test_a_noise_floor_is_a_size(floor):
    with pytest.raises(ValueError, match="noise floor"):
        assess(spread_around(1), above(0), noise_floor=floor)


# The p-value is the same test

KINDS = st.sampled_from(["simple", "binary", "crossed", "jackknife"])
REGIONS = st.one_of(
    st.integers(-12, 12).map(lambda x: above(x / 8)),
    st.integers(-12, 12).map(lambda x: below(x / 8)),
    st.integers(1, 12).map(lambda x: within(x / 8)),
)


def drawn(kind, seed, k):
    """A sample of the kind with some effect."""
    rng = np.random.default_rng(seed)
    if kind == "binary":
        return simple(rng.random(k) < 0.8, binary=True)
    if kind == "crossed":
        table = rng.normal(0.5, 0.5, (k, 1)) + rng.normal(0, 0.5, 9) + rng.normal(size=(k, 9))
        ids = {"concept": np.repeat(np.arange(k), 9).tolist(), "template": list(range(9)) * k}
        return Sample(table.ravel(), ids)
    values = rng.gamma(0.5, size=k)
    if kind == "jackknife":
        return JackknifeSample(lambda mask: float(np.log(values[mask].mean())), range(k))
    return simple(values)


@settings(deadline=None, max_examples=150)
@given(
    kind=KINDS,
    seed=st.integers(0, 10**6),
    k=st.integers(5, 26),
    region=REGIONS,
    alpha=st.sampled_from([0.001, 0.01, 0.05, 0.2]),
    noise_floor=st.sampled_from([0.0, 0.02]),
)
def test_the_p_value_is_at_most_alpha_exactly_when_supported(kind, seed, k, region, **rates):
    alpha = rates["alpha"]
    found = assess(drawn(kind, seed, k), region, **rates)
    assert (found.p_value <= alpha) == (found.verdict is Verdict.SUPPORTED)


def test_p_values_are_those_of_the_exact_tests():
    values = RNG.normal(0.3, 1, 15)
    found = assess(simple(values), above(0))
    exact = stats.binomtest(int((values > 0).sum()), 15, 0.5, alternative="greater").pvalue
    assert found.p_value == pytest.approx(exact)
    hits = simple([1] * 13 + [0] * 3, binary=True)
    exact = stats.binomtest(13, 16, 0.4, alternative="greater").pvalue
    assert assess(hits, above(0.4)).p_value == pytest.approx(exact)
    exact = stats.binomtest(13, 16, 0.95, alternative="less").pvalue
    assert assess(hits, below(0.95)).p_value == pytest.approx(exact)


def test_a_cluster_exactly_on_the_bound_does_not_count_for_it():
    found = assess(simple([0.0] * 3 + [1.0, 2, 3, 4, 5, 6, 7, 8, 9]), above(0))
    exact = stats.binomtest(9, 12, 0.5, alternative="greater").pvalue
    assert found.p_value == pytest.approx(exact)


def test_from_twenty_clusters_the_p_value_is_at_least_the_ts():
    values = RNG.normal(0.3, 1, 30)
    t = stats.ttest_1samp(values, 0, alternative="greater").pvalue
    found = assess(simple(values), above(0)).p_value
    assert t - 1e-12 <= found < t + 0.05


def test_a_p_value_is_never_below_what_the_clusters_attain():
    sure = simple([1] * 10, binary=True)
    assert assess(sure, above(0.001)).p_value == 2**-10
    assert assess(sure, between(-5, 5)).p_value == 2**-9


# What an inconclusive verdict says


def test_the_share_of_exceptions_that_agreeing_clusters_cannot_exclude():
    shares = [assess(spread_around(1, k), above(0)).exceptional_share for k in (7, 20, 50)]
    assert [round(share, 2) for share in shares] == [0.48, 0.21, 0.09]


def test_an_inconclusive_verdict_says_what_would_decide_it():
    found = assess(simple(RNG.normal(0.2, 1, 24)), above(0))
    assert found.verdict == "inconclusive"
    assert 0.5 < found.min_detectable_effect < 1
    assert found.clusters_needed > 24


def test_a_decided_verdict_needs_no_more():
    assert assess(spread_around(1), above(0)).clusters_needed is None
    assert assess(spread_around(1), above(2)).clusters_needed is None


@pytest.mark.parametrize(
    "sample", [simple([0.5] * 24), simple([math.nan] * 24), simple([1.0]), simple([])]
)
def test_what_cannot_be_estimated_is_none(sample):
    found = assess(sample, above(0))
    assert found.verdict == "inconclusive"
    assert found.min_detectable_effect is None
    assert found.clusters_needed is None


def test_an_effect_on_the_bound_is_never_decided():
    assert (
        assess(spread_around(1.0), above(spread_around(1.0).values.mean())).clusters_needed is None
    )


def test_too_few_clusters_are_told_how_many():
    found = assess(simple([0.9, 1.0, 1.1]), above(0))
    assert found.min_detectable_effect is None
    assert 7 <= found.clusters_needed < 20


def test_binary_outcomes_are_told_in_proportions():
    found = assess(simple([1] * 9 + [0] * 3, binary=True), above(0.5))
    needed = stats.binom.isf(0.01, 12, 0.5) + 1
    p = 0.5 + found.min_detectable_effect
    assert stats.binom.sf(needed - 1, 12, p) == pytest.approx(0.8)
    mirrored = assess(simple([0] * 9 + [1] * 3, binary=True), below(0.5))
    assert mirrored.min_detectable_effect == pytest.approx(found.min_detectable_effect)
    assert mirrored.clusters_needed == found.clusters_needed > 12


# What must not matter


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), k=st.integers(5, 26), bound=st.integers(-12, 12))
def test_the_mirror_image_of_a_claim_has_its_verdict(seed, k, bound):
    values = np.random.default_rng(seed).gamma(0.5, size=k)
    one = assess(simple(values), above(bound / 8), noise_floor=0.01)
    other = assess(simple(-values), below(-bound / 8), noise_floor=0.01)
    assert one.verdict is other.verdict
    assert one.p_value == pytest.approx(other.p_value)
    assert one.min_detectable_effect == other.min_detectable_effect
    assert one.clusters_needed == other.clusters_needed


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), k=st.integers(5, 26), bound=st.integers(-12, 12))
def test_a_claim_and_its_opposite_are_never_both_supported(seed, k, bound):
    sample = simple(np.random.default_rng(seed).normal(size=k))
    claim, opposite = assess(sample, above(bound / 8)), assess(sample, below(bound / 8))
    assert (claim.verdict is Verdict.SUPPORTED) == (opposite.verdict is Verdict.REFUTED)
    assert (claim.verdict is Verdict.REFUTED) == (opposite.verdict is Verdict.SUPPORTED)
