"""Regions are open: the bound itself is never inside."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuit_assert.stats import Interval, Region, above, below, between, within

FINITE = st.floats(-100, 100)


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (above(0.4), "above +0.40"),
        (below(-1), "below -1.00"),
        (below(-0.0), "below +0.00"),
        (between(0.1, 0.25), "between +0.10 and +0.25"),
        (within(0.05), "within ±0.05"),
        (within(0.125), "within ±0.125"),
        (above(0.405), "above +0.405"),
        (above(0.0004), "above +0.0004"),
        (above(1e-7), "above +1e-07"),
    ],
)
def test_a_region_reads_as_its_bounds_unrounded(region, words):
    assert str(region) == words


def test_words_can_be_chosen_and_do_not_make_a_region_different():
    chosen = Region(0.4, math.inf, "at least 0.40")
    assert str(chosen) == "at least 0.40"
    assert chosen == above(0.4)
    assert chosen != above(0.5)


def test_an_interval_ending_on_a_bound_is_not_inside():
    assert not above(0.4).contains((0.4, 0.9))
    assert above(0.4).contains((math.nextafter(0.4, 1), 0.9))
    assert not below(0.4).contains((0.1, 0.4))
    assert not within(0.1).contains((-0.1, 0.05))
    assert within(0.1).contains((-0.09, 0.09))


def test_an_interval_touching_the_bound_from_outside_is_disjoint():
    assert above(0.4).is_disjoint_from((0.1, 0.4))
    assert above(0.4).is_disjoint_from((0.4, 0.4))
    assert not above(0.4).is_disjoint_from((0.1, math.nextafter(0.4, 1)))
    assert within(0.1).is_disjoint_from((0.1, 0.3))
    assert within(0.1).is_disjoint_from((-0.3, -0.1))
    assert not within(0.1).is_disjoint_from((-0.3, 0.3))


def test_an_unbounded_interval_is_inside_only_where_the_region_is_unbounded():
    assert above(0).contains((0.1, math.inf))
    assert not above(0).contains((-math.inf, math.inf))
    assert not between(0, 1).contains((0.1, math.inf))
    assert not below(0).is_disjoint_from((-math.inf, math.inf))


def test_nothing_is_known_of_an_interval_with_a_nan():
    for interval in [(math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan)]:
        assert not above(0).contains(interval)
        assert not above(5).is_disjoint_from(interval)


@given(FINITE, FINITE, FINITE)
def test_no_interval_is_both_inside_and_disjoint(bound, a, b):
    interval = Interval(min(a, b), max(a, b))
    for region in (above(bound), below(bound), between(bound, bound + 1)):
        assert not (region.contains(interval) and region.is_disjoint_from(interval))


@given(FINITE, FINITE)
def test_a_point_is_above_or_disjoint_from_above(bound, x):
    assert above(bound).contains((x, x)) != above(bound).is_disjoint_from((x, x))


@given(FINITE, FINITE, FINITE)
def test_regions_mirror(bound, a, b):
    low, high = min(a, b), max(a, b)
    assert above(bound).contains((low, high)) == below(-bound).contains((-high, -low))
    assert above(bound).is_disjoint_from((low, high)) == below(-bound).is_disjoint_from(
        (-high, -low)
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Region(1, 1), "nothing lies strictly between"),
        (lambda: between(2, 1), "low=2 and high=1"),
        (lambda: above(math.nan), "low=nan"),
        (lambda: above(math.inf), "low < high"),
        (lambda: Region(-math.inf, math.inf), "cannot fail"),
        (lambda: within(0), "positive, finite margin, got 0"),
        (lambda: within(-1), "got -1"),
        (lambda: within(math.inf), "got inf"),
    ],
)
def test_a_region_that_excludes_nothing_or_everything_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
