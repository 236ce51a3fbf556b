"""Entropies, ranks, scales and sizes against the same worked out by hand."""

import numpy as np
import pytest
import torch

from circuit_assert.components import Neuron
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.distributions import (
    Entropy,
    FinalScale,
    LogRank,
    UnigramDivergence,
)
from circuit_assert.measurements.frequencies import FrequencyCorrelations
from circuit_assert.measurements.norms import NeuronSizes
from circuit_assert.measurements.vocabulary import VocabularyMoments, VocabularyVariances
from circuit_assert.models.planted_models import confidence_documents, confidence_model
from circuit_assert.session import Session

PLANTED = confidence_model()
DOCUMENTS = confidence_documents(documents=6, length=12)
WEIGHTS = {name: tensor.double().numpy() for name, tensor in PLANTED.state_dict().items()}


@pytest.fixture(scope="module")
def model():
    return Session().model(PLANTED)


@pytest.fixture(scope="module")
def rows(model):
    return np.stack(DOCUMENTS.tokenize(model.tokenizer).tokens["clean"])


def normed(stream, scale=None):
    own = np.sqrt((stream**2).mean(-1) + 1e-5)
    return stream / (own if scale is None else scale)[..., None]


def by_hand(rows, held=None):
    """What leaves the last block: attention writes nothing here."""
    stream = WEIGHTS["tok_embed.weight"][rows] + WEIGHTS["pos.weight"][: rows.shape[1]]
    for layer in range(2):
        mlp = f"layers.{layer}.mlp"
        read = normed(stream) * WEIGHTS[f"layers.{layer}.ln2.weight"]
        active = read @ WEIGHTS[f"{mlp}.fc_in.weight"].T + WEIGHTS[f"{mlp}.fc_in.bias"]
        active = np.maximum(active, 0.0)
        if layer == 1 and held is not None:
            active[:, 1:, 0] = held
        stream = stream + active @ WEIGHTS[f"{mlp}.fc_out.weight"].T
    return stream


def log_probabilities(stream, scale=None):
    read = normed(stream, scale) * WEIGHTS["ln_out.weight"]
    return torch.log_softmax(torch.tensor(read @ WEIGHTS["head.weight"].T), -1).numpy()


def entropies(logs):
    return -(np.exp(logs) * logs).sum(-1)


def test_entropies_scales_and_ranks_at_all_places(model, rows):
    measured = [Entropy(20), FinalScale(20), LogRank(20)]
    entropy, scale, rank = model.measure([Request(each, DOCUMENTS) for each in measured])
    stream = by_hand(rows)
    logs, places = log_probabilities(stream), slice(1, 12)
    np.testing.assert_allclose(entropy[:, :11], entropies(logs)[:, places], atol=1e-4)
    by_norm = np.sqrt((stream**2).mean(-1) + 1e-5)[:, places]
    np.testing.assert_allclose(scale[:, :11], by_norm, rtol=1e-5)
    own = np.take_along_axis(logs[:, places], rows[:, 2:, None], -1)
    np.testing.assert_allclose(rank[:, :11], np.log(1 + (logs[:, places] > own).sum(-1)), atol=1e-5)
    assert np.isnan(entropy[:, 11:]).all()


def test_the_entropy_with_a_frozen_scale_is_that_of_the_other_scale(model, rows):
    units, places = np.divmod(np.arange(6 * 12), 12)
    where = np.stack([units, places + 1], axis=1)
    held = ReplaceAtPositions((Neuron(1, 0),), where, np.full((len(where), 1), 2.0), "to 2")
    clean = model.measure([Request(FinalScale(20), DOCUMENTS)])[0]
    frozen = Entropy(20, clean, "with the final scales of the clean run")
    free, without = model.measure(
        [Request(each, DOCUMENTS, under=held) for each in (Entropy(20), frozen)]
    )
    stream = by_hand(rows, held=2.0)
    scale = np.sqrt((by_hand(rows) ** 2).mean(-1) + 1e-5)
    expected = entropies(log_probabilities(stream, scale))[:, 1:12]
    np.testing.assert_allclose(without[:, :11], expected, atol=1e-4)
    np.testing.assert_allclose(
        free[:, :11], entropies(log_probabilities(stream))[:, 1:12], atol=1e-4
    )
    assert (free - without)[:, :11].min() > 0.01  # they are not the same


def test_the_divergence_to_the_unigram_distribution(model, rows):
    counts = np.bincount(rows[:, 1:].ravel(), minlength=161)
    kinds = (counts > 0).sum()
    unigram = np.where(counts > 0, counts, kinds / (161 - kinds)) / (counts.sum() + kinds)
    assert unigram.sum() == pytest.approx(1.0)
    measured = model.measure([Request(UnigramDivergence(20, DOCUMENTS), DOCUMENTS)])[0]
    logs = log_probabilities(by_hand(rows))[:, 1:12]
    expected = (np.exp(logs) * (logs - np.log(unigram))).sum(-1)
    np.testing.assert_allclose(measured[:, :11], expected, atol=1e-4)


def test_correlations_with_log_counts(model, rows):
    counts = np.bincount(rows[:, 1:].ravel(), minlength=161)
    seen = np.flatnonzero(counts)
    found = model.measure([WeightRequest(FrequencyCorrelations(1, DOCUMENTS))])[0]
    tokens = WEIGHTS["head.weight"] * WEIGHTS["ln_out.weight"]
    added = (tokens[seen] @ WEIGHTS["layers.1.mlp.fc_out.weight"]).T
    expected = [np.corrcoef(each, np.log(counts[seen]))[0, 1] for each in added]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_sizes_and_variances_of_neurons(model):
    sizes, variances, moments = model.measure(
        [
            WeightRequest(NeuronSizes(1)),
            WeightRequest(VocabularyVariances((0, 1))),
            WeightRequest(VocabularyMoments(1)),
        ]
    )
    reads = WEIGHTS["layers.1.mlp.fc_in.weight"] * WEIGHTS["layers.1.ln2.weight"]
    writes = WEIGHTS["layers.1.mlp.fc_out.weight"]
    norms = np.linalg.norm(reads, axis=1) * np.linalg.norm(writes, axis=0)
    np.testing.assert_allclose(sizes, norms, rtol=1e-5)
    np.testing.assert_allclose(variances[1], moments[:, 0], rtol=1e-3, atol=1e-7)
