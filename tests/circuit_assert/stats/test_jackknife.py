"""The jackknife of statistics that are not means."""

import math

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import JackknifeSample, Sample, above, assess, auroc, estimate

RNG = np.random.default_rng(5)


def test_the_jackknife_of_a_mean_is_the_mean():
    values = RNG.gamma(2, size=25)
    found = estimate(JackknifeSample(lambda mask: float(values[mask].mean()), range(25)))
    direct = estimate(Sample(values, {"cluster": range(25)}))
    assert found.effect == pytest.approx(direct.effect)
    assert found.interval == pytest.approx(direct.interval)
    assert (found.method, found.estimand) == ("jackknife", "statistic of all units")


def test_whole_clusters_are_deleted():
    seen = []
    clusters = np.repeat(np.arange(20), 3)

    def statistic(mask):
        seen.append(mask.copy())
        return float(mask.sum())

    estimate(JackknifeSample(statistic, clusters.tolist()))
    assert seen[0].all()
    assert [set(clusters[~mask]) for mask in seen[1:]] == [{c} for c in range(20)]


def test_its_error_is_the_textbooks():
    x, y = RNG.normal(size=(2, 40))
    y += x

    def correlation(mask):
        return float(np.corrcoef(x[mask], y[mask])[0, 1])

    without = [correlation(np.arange(40) != i) for i in range(40)]
    error = math.sqrt(39 / 40 * np.sum((np.array(without) - np.mean(without)) ** 2))
    found = estimate(JackknifeSample(correlation, range(40)))
    assert found.spread / math.sqrt(40) == pytest.approx(error)
    assert found.effect == pytest.approx(stats.pearsonr(x, y).statistic)
    t = stats.t.interval(0.98, 39, loc=found.effect, scale=error)
    assert found.low <= t[0]
    assert found.high >= t[1]


def test_an_auroc_by_documents():
    documents = np.repeat(np.arange(30), 10)
    labels = np.tile([1] * 3 + [0] * 7, 30)
    scores = labels + RNG.normal(size=300)
    sample = JackknifeSample(lambda mask: auroc(scores[mask], labels[mask]), documents.tolist())
    assert assess(sample, above(0.6)).verdict == "supported"
    assert assess(sample, above(0.9)).verdict == "refuted"


def test_twenty_clusters_are_needed():
    values = RNG.normal(size=20)
    few = JackknifeSample(lambda mask: float(values[:19][mask].mean()), range(19))
    found = estimate(few)
    assert found.reason == "19 clusters are too few for a jackknife: it needs 20"
    assert found.effect == pytest.approx(values[:19].mean())
    assert estimate(JackknifeSample(lambda m: float(values[m].mean()), range(20))).decidable


def test_a_statistic_that_is_undefined_is_a_reason():
    whole = estimate(JackknifeSample(lambda mask: math.nan, range(20)))
    assert whole.reason == "the statistic of all units is not finite: nan"
    part = estimate(JackknifeSample(lambda mask: 1.0 if mask[:2].all() else math.nan, range(20)))
    assert part.reason == "the statistic is not finite without any one of 2 of 20 clusters"


def test_a_statistic_that_never_moves_is_undecidable():
    assert "zero variance" in estimate(JackknifeSample(lambda mask: 1.0, range(20))).reason


def test_the_interval_holds_the_statistic_however_biased_it_is():
    values = 0.1 * RNG.normal(size=20)
    biased = JackknifeSample(
        lambda mask: float(values[mask].mean() + 50 / mask.sum() ** 2), range(20)
    )
    found = estimate(biased)
    assert found.low < found.effect < found.high
    assert found.low < values.mean() < found.high  # and what it is an estimate of
