"""Ranks among peers."""

import math

import numpy as np
import pytest

from circuit_assert.stats import AllOf, AnyOf, Criterion, Sample, above, judge, rank_guard, rank_p

CLEAR = Sample(np.linspace(0.5, 1, 24), {"template": range(24)})


def test_the_p_value_counts_the_observed_one():
    assert rank_p(10, range(9)) == 1 / 10
    assert rank_p(8, range(9)) == 2 / 10  # a tie counts against
    assert rank_p(-1, range(9)) == 1


def test_a_rank_among_exchangeable_peers_is_uniform():
    draws = np.random.default_rng(0).normal(size=(4000, 20))
    p = np.array([rank_p(row[0], row[1:]) for row in draws])
    for alpha in (0.05, 0.2, 0.5):
        assert abs((p <= alpha).mean() - alpha) < 4 * math.sqrt(alpha / 4000)


@pytest.mark.parametrize(("observed", "peers"), [(math.nan, [1.0]), (1.0, [math.inf])])
def test_what_is_not_finite_has_no_rank(observed, peers):
    assert math.isnan(rank_p(observed, peers))


def test_99_peers_are_enough_at_one_percent_and_98_are_not():
    assert rank_guard("peers", 99, range(99)).passed
    few = rank_guard("peers", 99, range(98))
    assert few.passed is None
    assert "98 peers are too few: α = 0.01 needs 99" in few.reason


def test_a_rank_guard_that_is_not_finite_is_undecidable():
    guard = rank_guard("peers", math.nan, range(99))
    assert guard.passed is None
    assert "not finite" in guard.reason


def test_a_rank_guard_fails_within_the_crowd():
    guard = rank_guard("peers", 98, range(99), reason="not specific: a neighbour does as much")
    assert guard.passed is False
    judgement = judge(AllOf([Criterion("effect", CLEAR, above(0)), guard]))
    assert judgement.verdict == "inconclusive"
    assert "a neighbour does as much" in judgement.reason


def test_a_rank_has_to_reach_the_level_it_is_judged_at():
    guard = rank_guard("peers", 99, range(99))  # p = 0.01
    claim = AllOf([Criterion("effect", CLEAR, above(0)), guard])
    assert judge(claim, alpha=0.01).verdict == "supported"
    alternative = AnyOf([claim, Criterion("other", CLEAR, above(5))])  # half of alpha each
    assert judge(alternative, alpha=0.01).verdict == "inconclusive"
