"""The geometry of features, of shapes that are known; and training, against a plain loop."""

import numpy as np
import pytest
import torch

from circuit_assert.superposition.geometry import (
    antipodal_pairs,
    coherence,
    dimensionality,
    interference,
    represented,
    welch_bound,
)
from circuit_assert.superposition.toy import ToyModels


def polygon(corners):
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.cos(angles), np.sin(angles)])


@pytest.mark.parametrize(("corners", "share"), [(3, 2 / 3), (5, 2 / 5), (4, 1 / 2)])
def test_polygons_share_two_dimensions(corners, share):
    found = dimensionality(polygon(corners))
    assert found == pytest.approx(np.full(corners, share))
    assert found.sum() == pytest.approx(2)


def test_antipodal_pairs_have_half_a_dimension_each():
    pair = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    assert dimensionality(pair) == pytest.approx([0.5, 0.5, 1.0])
    assert interference(pair) == pytest.approx([1.0, 1.0, 0.0])
    assert antipodal_pairs(pair) == [(0, 1)]
    assert antipodal_pairs(polygon(3)) == []


def test_the_welch_bound_is_met_by_a_triangle_and_by_no_square():
    assert coherence(polygon(3)) == pytest.approx(welch_bound(3, 2))
    assert coherence(polygon(4)) > welch_bound(4, 2)
    assert welch_bound(2, 3) == 0.0


def test_a_feature_of_length_zero_has_no_dimensionality():
    weights = np.array([[1.0, 0.0]])
    assert np.isnan(dimensionality(weights)[1])
    assert represented(weights).tolist() == [True, False]


def test_errors_are_those_of_the_trained_weights():
    toy = ToyModels(features=5, dimensions=2, sparsity=0.8, seeds=2, steps=50, tries=2)
    weights, bias = (torch.from_numpy(a).float() for a in toy.trained())
    assert weights.shape == (2, 2, 5)
    generator = torch.Generator().manual_seed(3)
    values = torch.rand(20000, 5, generator=generator)
    x = values * (torch.rand(20000, 5, generator=generator) < 0.2)
    for own, w, b in zip(toy.losses(), weights, bias, strict=True):
        expected = ((torch.relu(x @ w.T @ w + b) - x) ** 2).mean(0)
        assert own == pytest.approx(expected.numpy(), rel=0.15)
    assert toy.variance == pytest.approx(float(x.var(0).mean()), rel=0.05)
