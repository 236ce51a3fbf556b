"""The bootstrap-t against a plain one, and where few clusters carry the effect."""

import math

import numpy as np
import pytest

from circuit_assert.stats.bootstrap import MOST_RESAMPLES, BootstrapTail, resamples_for


def plain_bootstrap_t(values, alpha, n, seed):
    """The textbook loop, one resample at a time."""
    rng = np.random.default_rng(seed)
    k, mean = len(values), values.mean()
    error = values.std(ddof=1) / math.sqrt(k)
    t = []
    for _ in range(n):
        drawn = rng.choice(values, k)
        t.append((drawn.mean() - mean) / (drawn.std(ddof=1) / math.sqrt(k)))
    return mean - error * np.quantile(t, 1 - alpha)


def test_it_agrees_with_the_textbook_loop():
    values = np.random.default_rng(3).gamma(1.0, size=25)
    loop = plain_bootstrap_t(values, 0.05, 20_000, seed=1)
    tail = BootstrapTail(values, 20_000)
    assert tail.lower(0.05) == pytest.approx(loop, abs=0.03 * values.std())
    assert tail.lower(0.05) != pytest.approx(BootstrapTail(-values, 20_000).lower(0.05), abs=0.1)


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.03, 0.2])
def test_bound_and_p_value_are_the_same_test(alpha):
    tail = BootstrapTail(np.random.default_rng(2).exponential(size=20), resamples_for(alpha))
    bound = tail.lower(alpha)
    assert tail.p_above(bound - 1e-9) <= alpha
    assert tail.p_above(bound + 1e-9) > alpha


def test_a_p_value_counts_the_sample_itself():
    tail = BootstrapTail(np.linspace(1, 2, 30), 9_999)
    assert tail.p_above(-1e6) == 1 / 10_000


def test_an_effect_carried_by_one_cluster_has_no_upper_bound():
    values = np.zeros(24)
    values[0] = 1.0
    assert -BootstrapTail(-values, 9_999).lower(0.01) == math.inf


def test_resamples_are_at_least_twenty_beyond_the_bound():
    assert resamples_for(0.01) == 9_999
    assert resamples_for(0.001) == 20_000
    assert resamples_for(1e-9) == MOST_RESAMPLES


def test_many_clusters_are_resampled_in_blocks():
    values = np.random.default_rng(4).normal(size=3_000)
    expected = values.mean() - 2.326 * values.std() / math.sqrt(3_000)
    assert BootstrapTail(values, 999).lower(0.01) == pytest.approx(expected, abs=0.01)
