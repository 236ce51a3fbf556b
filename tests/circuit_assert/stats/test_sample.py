"""Samples: one cluster id per unit, or none is made."""

import math

import numpy as np
import pandas as pd
import pytest

from circuit_assert.stats import JackknifeSample, Sample


def test_values_are_a_read_only_copy():
    given = np.array([1.0, 2.0])
    sample = Sample(given, {"template": [0, 1]})
    given[0] = 9
    assert sample.values.tolist() == [1, 2]
    assert sample.values.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        sample.values[0] = 3
    with pytest.raises(TypeError):
        sample.clusters["template"] = (1, 1)


@pytest.mark.parametrize("missing", [None, math.nan, "", np.nan, pd.NA, pd.NaT])
def test_a_missing_id_names_its_unit(missing):
    with pytest.raises(ValueError, match="unit 2 has no 'template' id"):
        Sample([1, 2, 3], {"template": ["a", "b", missing]})
    with pytest.raises(ValueError, match="unit 2 has no 'cluster' id"):
        JackknifeSample(lambda mask: 0.0, ["a", "b", missing])


def test_zero_and_false_are_ids():
    assert Sample([1, 2], {"template": [0, False]}).levels == {"template": 1}


def test_each_unit_needs_an_id():
    with pytest.raises(ValueError, match="'template' has 2 ids for 3 units"):
        Sample([1, 2, 3], {"template": ["a", "b"]})


@pytest.mark.parametrize("names", [[], ["a", "b", "c"]])
def test_one_or_two_cluster_names(names):
    with pytest.raises(ValueError, match="one cluster name, or two"):
        Sample([1, 2], {name: [0, 1] for name in names})


def test_values_have_one_dimension():
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        Sample([[1, 2], [3, 4]], {"template": [0, 1]})


def test_binary_values_are_zero_and_one():
    with pytest.raises(ValueError, match=r"0 and 1 only, got 0\.5"):
        Sample([0, 1, 0.5], {"template": [0, 1, 2]}, binary=True)
    assert Sample([0, 1, math.nan], {"template": [0, 1, 2]}, binary=True).binary


def test_cluster_means_weigh_clusters_and_not_units():
    sample = Sample([1, 1, 1, 1, 5], {"template": ["a", "a", "a", "a", "b"]})
    assert sample.means("template").tolist() == [1, 5]


def test_ids_may_be_an_array():
    assert Sample([1, 3], {"template": np.array(["a", "a"])}).means("template").tolist() == [2]


def test_crossed_needs_two_names_that_vary():
    two = {"concept": [0, 0, 1, 1], "template": [0, 1, 0, 1]}
    assert Sample([1, 2, 3, 4], two).crossed
    assert not Sample([1, 2, 3, 4], {"template": [0, 1, 0, 1]}).crossed
    assert not Sample([1, 2, 3, 4], two | {"template": [0] * 4}).crossed
