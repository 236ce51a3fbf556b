"""Adjusted p-values against their definitions."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
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


@given(P_VALUES)
def test_benjamini_yekutieli_is_scipys(p):
    expected = stats.false_discovery_control(p, method="by") if p else []
    assert benjamini_yekutieli(p) == pytest.approx(expected)


def test_adjusting_loads_no_library_of_statistics():
    code = """
import sys
from circuit_assert.stats import benjamini_yekutieli, holm
holm([0.1, 0.2]), benjamini_yekutieli([0.1, 0.2])
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "numpy" in loaded
    assert not loaded & {"scipy", "statsmodels", "pandas"}


@pytest.mark.parametrize("adjust", [holm, benjamini_yekutieli])
@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
def test_what_is_no_p_value_is_refused(adjust, wrong):
    with pytest.raises(ValueError, match="lies in"):
        adjust([0.1, wrong])
