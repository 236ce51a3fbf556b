"""What explanations are scored by, against computations by hand."""

import numpy as np
import pytest
from scipy import stats

from circuit_assert.claims.explaining.counts import balanced_accuracy, correlation, outcomes, sums

GENERATOR = np.random.default_rng(0)


def test_balanced_accuracy_is_the_mean_of_recall_and_specificity():
    active, called = (GENERATOR.random((5, 30)) < p for p in (0.3, 0.4))
    found = balanced_accuracy(outcomes(active, called, ~active).sum(0))
    recall, specificity = called[active].mean(), (~called)[~active].mean()
    assert found == pytest.approx((recall + specificity) / 2)


def test_a_document_without_a_kind_of_position_has_no_balanced_accuracy():
    active = np.array([[True, True], [True, False]])
    each = balanced_accuracy(outcomes(active, active, ~active))
    assert np.isnan(each[0])
    assert each[1] == 1.0


def test_the_correlation_is_pearsons_over_all_positions():
    x, y = GENERATOR.normal(size=(2, 6, 20))
    x[2, 15:] = np.nan
    known = np.isfinite(x)
    expected = stats.pearsonr(x[known], y[known])[0]
    assert correlation(sums(x, y).sum(0)) == pytest.approx(expected)
    assert np.isnan(correlation(sums(np.ones_like(y), y).sum(0)))
