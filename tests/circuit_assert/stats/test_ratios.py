"""Ratios are tested as differences and reported unclipped."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuit_assert.stats import Sample, above, assess, ratio_excess, ratio_of_means


@given(
    st.lists(st.tuples(st.floats(-10, 10), st.floats(0.1, 10)), min_size=2, max_size=20),
    st.floats(0.05, 3),
)
def test_the_excess_is_positive_exactly_when_the_ratio_is_larger(units, r):
    a, b = np.array(units).T
    excess = ratio_excess(a, b, r).mean()
    if abs(excess) > 1e-9:
        assert (excess > 0) == (a.mean() / b.mean() > r)


def test_a_ratio_is_a_ratio_of_cluster_means():
    assert ratio_of_means([1, 1, 1, 6], [2, 2, 2, 3], ["a", "a", "a", "b"]) == pytest.approx(7 / 5)


@pytest.mark.parametrize(("a", "ratio"), [(30.0, 3.0), (-30.0, -3.0)])
def test_a_ratio_is_never_clipped(a, ratio):
    assert ratio_of_means([a, a], [9, 11], [0, 1]) == pytest.approx(ratio)


@pytest.mark.parametrize("b", [[1, -1], [0, 0], [math.nan, 1], [0.0, 0.1], []])
def test_a_degenerate_denominator_gives_nan(b):
    assert math.isnan(ratio_of_means(np.ones(len(b)), b, range(len(b))))


def test_one_cluster_has_a_ratio():
    assert ratio_of_means([1, 1], [2, 4], [0, 0]) == pytest.approx(1 / 3)


def test_an_excess_feeds_a_sample():
    rng = np.random.default_rng(0)
    b = rng.uniform(1, 2, 24)
    a = 0.8 * b + rng.normal(0, 0.05, 24)
    templates = {"template": range(24)}
    assert assess(Sample(ratio_excess(a, b, 0.7), templates), above(0)).verdict == "supported"
    assert assess(Sample(ratio_excess(a, b, 0.9), templates), above(0)).verdict == "refuted"


def test_wrong_use_is_loud():
    with pytest.raises(ValueError, match="2 numerators, 1 denominators"):
        ratio_excess([1, 2], [1], 0.5)
    with pytest.raises(ValueError, match="r=nan"):
        ratio_excess([1], [1], math.nan)
