"""Moments over the vocabulary, against scipy's."""

import numpy as np
import scipy.stats
import torch

from circuit_assert.backends.load import load
from circuit_assert.measurements.vocabulary import RotatedMoments, VocabularyMoments
from circuit_assert.models.planted_models import neuron_model
from circuit_assert.models.spec import spec_of


def test_moments_are_scipy_s():
    planted = neuron_model()
    backend, tensors = load(spec_of(planted)), planted.state_dict()
    rows = tensors["head.weight"] - tensors["head.weight"].mean(0)
    ordinary = rows[backend.tokenizer.ordinary_tokens()]
    written = tensors["layers.2.mlp.fc_out.weight"].T
    cosines = torch.cosine_similarity(written[:, None], ordinary[None], dim=-1).double().numpy()
    expected = [
        cosines.var(1),
        scipy.stats.skew(cosines, axis=1),
        scipy.stats.kurtosis(cosines, axis=1, fisher=False),
    ]
    measured = VocabularyMoments(2).compute(backend)
    np.testing.assert_allclose(measured, np.stack(expected, axis=1), rtol=1e-3, atol=1e-4)


def test_rotations_are_near_a_normal_distribution():
    backend = load(spec_of(neuron_model()))
    moments = RotatedMoments().compute(backend)
    assert moments.shape == (999, 3)
    assert abs(np.median(moments[:, 1])) < 0.1
    assert 2.5 < np.median(moments[:, 2]) < 3.2
