"""Crossed clusters: both names' variance, and the designs that are refused."""

import math

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import Sample, above, assess, estimate
from circuit_assert.stats.bootstrap import BootstrapTail
from circuit_assert.stats.crossed import cells_of
from circuit_assert.stats.decision import t_tail

RNG = np.random.default_rng(11)
TABLE = RNG.normal(size=(20, 1)) + 2 * RNG.normal(size=(1, 17)) + RNG.normal(size=(20, 17))


def crossed(table, **more):
    """The cells that are not NaN, float[concept, template]."""
    concept, template = np.nonzero(~np.isnan(table))
    ids = {"concept": concept.tolist(), "template": template.tolist()}
    return Sample(table[concept, template], ids, **more)


def test_the_variance_is_the_sum_of_both_names_own():
    expected = TABLE.mean(1).var(ddof=1) / 20 + TABLE.mean(0).var(ddof=1) / 17
    assert cells_of(crossed(TABLE)).variance == pytest.approx(expected)


def test_the_interval_holds_the_t_of_both_and_the_envelope_of_each():
    found = estimate(crossed(TABLE))
    error = math.sqrt(cells_of(crossed(TABLE)).variance)
    ends = [stats.t.interval(0.98, 16, loc=TABLE.mean(), scale=error)]
    for means in (TABLE.mean(0), TABLE.mean(1)):
        t = t_tail(means), t_tail(-means)
        resampled = BootstrapTail(means, 9_999), BootstrapTail(-means, 9_999)
        ends += [(up.lower(0.01), -down.lower(0.01)) for up, down in (t, resampled)]
    assert found.low == pytest.approx(min(low for low, _ in ends))
    assert found.high == pytest.approx(max(high for _, high in ends))
    assert (found.method, found.estimand) == ("crossed", "mean of cell means")
    assert found.clusters == {"concept": 20, "template": 17}
    assert found.k == 17


def test_units_of_one_cell_count_once():
    sample = crossed(TABLE)
    ids = {name: list(np.repeat(x, 5)) for name, x in sample.clusters.items()}
    repeated = estimate(Sample(np.repeat(sample.values, 5), ids))
    assert repeated.interval == pytest.approx(estimate(sample).interval)


def test_a_few_empty_cells_change_little():
    holes = TABLE.copy()
    holes[[0, 3, 7], [1, 4, 8]] = np.nan
    found, whole = estimate(crossed(holes)), estimate(crossed(TABLE))
    assert found.units == 337
    assert found.effect == pytest.approx(np.nanmean(holes))
    assert found.interval == pytest.approx(whole.interval, abs=0.6)


@pytest.mark.parametrize("shape", [(20, 15), (15, 20)])
def test_sixteen_levels_of_each_are_needed(shape):
    name = "templates" if shape[1] == 15 else "concepts"
    found = estimate(crossed(RNG.normal(size=shape)))
    assert found.reason == f"15 {name} are too few: a crossed design needs 16 of each"
    assert estimate(crossed(RNG.normal(size=(16, 16)))).decidable


def test_a_finer_alpha_needs_more_levels():
    assert estimate(crossed(TABLE), 1e-5).decidable
    assert "17 templates are too few: if all agree" in estimate(crossed(TABLE), 1e-6).reason


def test_levels_that_are_nearly_empty_do_not_count():
    lopsided = np.full((400, 16), np.nan)
    lopsided[:, 0] = RNG.normal(1, 0.1, 400)  # one template holds nearly all
    lopsided[0, 1:] = RNG.normal(1, 0.1, 15)
    reason = estimate(crossed(lopsided)).reason
    assert "the 16 templates are filled so unevenly that they count as 1.1" in reason


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
    assert "zero variance" in estimate(crossed(np.full((17, 17), 0.3))).reason
    checkers = np.indices((16, 16)).sum(0) % 2 * 1.0  # varies, but no level differs from another
    assert "zero variance" in estimate(crossed(checkers)).reason


def test_values_that_are_not_finite_are_undecidable():
    table = TABLE.copy()
    table[0, 0] = math.inf
    found = estimate(crossed(table))
    assert found.reason == "1 of 340 values is not finite"
    assert math.isnan(found.effect)
    assert math.isnan(found.spread)


def test_a_name_whose_levels_agree_leaves_the_decision_to_the_other():
    concepts = np.repeat(RNG.normal(1, 0.3, (30, 1)), 17, axis=1)
    found = estimate(crossed(concepts))
    alone = estimate(Sample(concepts[:, 0], {"concept": range(30)}))
    assert found.decidable
    assert found.low <= alone.low


def test_binary_outcomes_are_never_surer_than_clopper_and_pearson():
    sure = estimate(crossed(np.ones((30, 16)), binary=True))
    assert sure.decidable
    assert sure.interval == pytest.approx(stats.binomtest(16, 16).proportion_ci(0.98))
    outcomes = (RNG.random((30, 20)) < 0.9).astype(float)
    exact = stats.binomtest(18, 20).proportion_ci(0.98)
    found = estimate(crossed(outcomes, binary=True))
    assert found.low <= exact.low + 0.05
    assert found.low < outcomes.mean() - 0.15


def test_one_strange_template_stops_a_crossed_claim_and_not_one_by_concept():
    table = RNG.normal(1, 0.2, (30, 16))
    table[:, :2] -= 6  # in two of sixteen templates the effect is the other way round
    assert assess(crossed(table), above(0)).verdict == "inconclusive"
    by_concept = Sample(crossed(table).values, {"concept": crossed(table).clusters["concept"]})
    assert assess(by_concept, above(0)).verdict == "supported"
