"""Adjusted p-values against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from circuit_assert.stats import benjamini_yekutieli, holm

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


@given(P_VALUES)
def test_holm_steps_down(p):
    order = np.argsort(p, kind="stable")
    expected, running = np.zeros(len(p)), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[index]))
        expected[index] = running
    assert holm(p) == pytest.approx(expected)


@settings(deadline=None)  # the first example loads statsmodels
@given(P_VALUES)
def test_benjamini_yekutieli_is_scipys(p):
    expected = stats.false_discovery_control(p, method="by") if p else []
    assert benjamini_yekutieli(p) == pytest.approx(expected)


@pytest.mark.parametrize("adjust", [holm, benjamini_yekutieli])
@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
def test_what_is_no_p_value_is_refused(adjust, wrong):
    with pytest.raises(ValueError, match="lies in"):
        adjust([0.1, wrong])
