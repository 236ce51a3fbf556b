"""Crossed clusters: both names' variance, and the designs that are refused."""

import math

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import Sample, above, assess, estimate
from circuit_assert.stats.crossed import cells_of

RNG = np.random.default_rng(11)
TABLE = RNG.normal(size=(12, 1)) + 2 * RNG.normal(size=(1, 9)) + RNG.normal(size=(12, 9))


def crossed(table, **more):
    """The cells that are not NaN, float[concept, template]."""
    concept, template = np.nonzero(~np.isnan(table))
    ids = {"concept": concept.tolist(), "template": template.tolist()}
    return Sample(table[concept, template], ids, **more)


def test_the_variance_is_the_sum_of_both_names_own():
    expected = TABLE.mean(1).var(ddof=1) / 12 + TABLE.mean(0).var(ddof=1) / 9
    assert cells_of(crossed(TABLE)).variance == pytest.approx(expected)


def test_the_interval_holds_the_t_of_both_and_the_table_of_each():
    found = estimate(crossed(TABLE))
    error = math.sqrt(cells_of(crossed(TABLE)).variance)
    t = stats.t.interval(0.98, 8, loc=TABLE.mean(), scale=error)
    alone = [
        estimate(Sample(means, {"level": range(len(means))}))
        for means in (TABLE.mean(0), TABLE.mean(1))
    ]
    assert found.low == pytest.approx(min(t[0], *(x.low for x in alone)))
    assert found.high == pytest.approx(max(t[1], *(x.high for x in alone)))
    assert (found.method, found.estimand) == ("crossed", "mean of cell means")
    assert found.clusters == {"concept": 12, "template": 9}
    assert found.k == 9


def test_units_of_one_cell_count_once():
    sample = crossed(TABLE)
    ids = {name: list(np.repeat(x, 5)) for name, x in sample.clusters.items()}
    repeated = estimate(Sample(np.repeat(sample.values, 5), ids))
    assert repeated.interval == pytest.approx(estimate(sample).interval)


def test_a_few_empty_cells_change_little():
    holes = TABLE.copy()
    holes[[0, 3, 7], [1, 4, 8]] = np.nan
    found, whole = estimate(crossed(holes)), estimate(crossed(TABLE))
    assert found.units == 105
    assert found.effect == pytest.approx(np.nanmean(holes))
    assert found.interval == pytest.approx(whole.interval, abs=0.6)


@pytest.mark.parametrize("shape", [(12, 7), (7, 12)])
def test_eight_levels_of_each_are_needed(shape):
    name = "templates" if shape[1] == 7 else "concepts"
    found = estimate(crossed(RNG.normal(size=shape)))
    assert found.reason == f"7 {name} are too few: a crossed design needs 8 of each"


def test_a_finer_alpha_needs_more_levels():
    assert estimate(crossed(TABLE), 0.002).decidable
    assert "9 templates are too few: if all agree" in estimate(crossed(TABLE), 0.001).reason


def test_levels_that_are_nearly_empty_do_not_count():
    lopsided = np.full((40, 8), np.nan)
    lopsided[:, 0] = RNG.normal(1, 0.1, 40)  # one template holds nearly all
    lopsided[0, 1:] = RNG.normal(1, 0.1, 7)
    reason = estimate(crossed(lopsided)).reason
    assert "the 8 templates are filled so unevenly that they count as 1.4" in reason


@pytest.mark.parametrize("name", ["concept", "template"])
def test_with_one_level_the_other_name_decides_and_a_note_says_so(name):
    values = RNG.normal(1, 0.2, 24)
    other = "template" if name == "concept" else "concept"
    sample = Sample(values, {name: ["only"] * 24, other: list(range(24))})
    found = estimate(sample)
    assert found.note == f"one {name} only"
    assert found.clusters == {other: 24}
    assert found.interval == estimate(Sample(values, {other: list(range(24))})).interval


def test_one_level_of_both_is_one_cluster():
    found = estimate(Sample([1, 2, 3], {"concept": [0] * 3, "template": [0] * 3}))
    assert found.reason.startswith("1 cluster is too few")


def test_zero_variance_is_undecidable():
    assert "zero variance" in estimate(crossed(np.full((9, 9), 0.3))).reason
    checkers = np.indices((8, 8)).sum(0) % 2 * 1.0  # varies, but no level differs from another
    assert "zero variance" in estimate(crossed(checkers)).reason


def test_values_that_are_not_finite_are_undecidable():
    table = TABLE.copy()
    table[0, 0] = math.inf
    found = estimate(crossed(table))
    assert found.reason == "1 of 108 values is not finite"
    assert math.isnan(found.effect)
    assert math.isnan(found.spread)


def test_a_name_whose_levels_agree_leaves_the_decision_to_the_other():
    concepts = np.repeat(RNG.normal(1, 0.3, (30, 1)), 9, axis=1)
    found = estimate(crossed(concepts))
    alone = estimate(Sample(concepts[:, 0], {"concept": range(30)}))
    assert found.decidable
    assert found.low <= alone.low


def test_binary_outcomes_are_never_surer_than_clopper_and_pearson():
    sure = estimate(crossed(np.ones((30, 8)), binary=True))
    assert sure.decidable
    assert sure.interval == pytest.approx(stats.binomtest(8, 8).proportion_ci(0.98))
    outcomes = (RNG.random((30, 10)) < 0.9).astype(float)
    exact = stats.binomtest(9, 10).proportion_ci(0.98)
    found = estimate(crossed(outcomes, binary=True))
    assert found.low <= exact.low + 0.05
    assert found.low < outcomes.mean() - 0.2


def test_one_strange_template_stops_a_crossed_claim_and_not_one_by_concept():
    table = RNG.normal(1, 0.2, (30, 8))
    table[:, 0] -= 4  # in one of eight templates the effect is the other way round
    assert assess(crossed(table), above(0)).verdict == "inconclusive"
    by_concept = Sample(crossed(table).values, {"concept": crossed(table).clusters["concept"]})
    assert assess(by_concept, above(0)).verdict == "supported"
