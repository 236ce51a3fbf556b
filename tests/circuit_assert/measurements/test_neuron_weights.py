"""What neurons write, against the same numbers worked out by hand."""

import numpy as np
import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.components import Neuron
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import NeuronActivations, Request, neurons
from circuit_assert.measurements.neurons import (
    BestTokens,
    LargestCongruence,
    NeuronsOfToken,
    TokenContrast,
    TokensOfNeurons,
    UnembeddingAxes,
)
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.models.spec import spec_of
from circuit_assert.prompts.beginnings import Beginnings

DOCUMENTS = neuron_documents(documents=6, length=20)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gated"])
def backend(request):
    return load(spec_of(neuron_model(gated=request.param)))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """So that every sum over the vocabulary, and over positions, goes over several pieces."""
    monkeypatch.setattr(neurons, "_PIECE", 7)
    monkeypatch.setattr(neurons, "_ROWS", 5)


def by_hand(backend, layer):
    """Congruence of all neurons with all ordinary tokens: `[neuron, token]`, tokens from 1."""
    rows = backend.neuron_output_weights(layer).double()
    return (rows @ backend.unembedding().double()[1:].T).numpy()


def test_congruence_with_every_token(backend):
    found = TokensOfNeurons(2, (5, 0)).compute(backend)
    np.testing.assert_allclose(found, by_hand(backend, 2)[[5, 0]], atol=1e-5)


def test_congruence_with_every_neuron(backend):
    dots, cosines = NeuronsOfToken(2, 3).compute(backend).T
    np.testing.assert_allclose(dots, by_hand(backend, 2)[:, 2], atol=1e-5)
    lengths = backend.neuron_output_weights(2).norm(dim=-1) * backend.unembedding()[3].norm()
    np.testing.assert_allclose(cosines, dots / lengths.numpy(), atol=1e-5)


def test_a_neuron_that_writes_nothing_has_cosine_zero(backend, monkeypatch):
    nothing = torch.zeros(4, backend.card.d_model)
    monkeypatch.setattr(backend, "neuron_output_weights", lambda layer: nothing)
    assert NeuronsOfToken(2, 3).compute(backend).tolist() == [[0.0, 0.0]] * 4


def test_the_best_token_has_the_largest_z_of_either_sign(backend):
    congruence = by_hand(backend, 2)
    z = (congruence - congruence.mean(1, keepdims=True)) / congruence.std(1, keepdims=True)
    best = np.abs(z).argmax(1)
    tokens, found = BestTokens(2).compute(backend).T
    assert tokens.tolist() == (best + 1).tolist()
    np.testing.assert_allclose(found, z[np.arange(len(z)), best], rtol=1e-3)
    assert (found > 0).any()
    assert (found < 0).any()


def test_the_largest_z_of_random_directions_and_early_neurons(backend):
    random, early = LargestCongruence(early=1, draws=300).compute(backend)
    congruence = by_hand(backend, 0)
    z = (congruence - congruence.mean(1, keepdims=True)) / congruence.std(1, keepdims=True)
    held = np.isfinite(early)
    assert held.sum() == backend.card.d_mlp
    np.testing.assert_allclose(np.sort(early[held]), np.sort(np.abs(z).max(1)), rtol=1e-3)
    assert np.isfinite(random).all()
    assert 1.5 < np.median(random) < 5


def test_without_early_layers_only_random_directions_are_left(backend):
    random, early = LargestCongruence(early=0, draws=9).compute(backend)
    assert np.isfinite(random).all()
    assert np.isnan(early).all()


def test_the_directions_are_the_same_each_time_and_leave_torchs_generator_alone(backend):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first = LargestCongruence(early=1, draws=20).compute(backend)
    assert torch.equal(torch.rand(1), expected)
    np.testing.assert_array_equal(first, LargestCongruence(early=1, draws=20).compute(backend))


def test_axes_are_norms_and_principal_coordinates(backend):
    rows = backend.unembedding().double()[1:].numpy()
    found = UnembeddingAxes(3).compute(backend)
    np.testing.assert_allclose(found[:, 0], np.linalg.norm(rows, axis=1), rtol=1e-4)
    expected = np.linalg.svd(rows, full_matrices=False)
    coordinates = expected.U[:, :3] * expected.S[:3]
    np.testing.assert_allclose(np.abs(found[:, 1:]), np.abs(coordinates), atol=1e-3)


def run(backend, *requests):
    engine = Executor(backend)
    engine.run(requests)
    return [engine.store.scores[request] for request in requests]


def test_the_contrast_is_a_logit_minus_the_mean_of_others_at_every_position(backend):
    (found,) = run(backend, Request(TokenContrast(3, (5, 7)), DOCUMENTS))
    rows = DOCUMENTS.tokenize(backend.tokenizer).tokens["clean"]
    final = backend.run(torch.from_numpy(rows[1])[None], reads={}, edits={}, last_layer=3)[0]
    logits = backend.token_logits(final, torch.arange(9).expand(len(final), -1)).numpy()
    np.testing.assert_allclose(
        found[1, : len(final)], logits[:, 3] - logits[:, [5, 7]].mean(1), atol=1e-4
    )


def test_a_beginning_has_the_scores_of_the_whole_there(backend):
    part = Beginnings(DOCUMENTS, (4, 1), 9)
    contrast, activations = TokenContrast(3, (5,)), NeuronActivations(2, (0, 1))
    for measurement in (contrast, activations):
        whole, begun = run(backend, Request(measurement, DOCUMENTS), Request(measurement, part))
        np.testing.assert_allclose(begun, whole[[4, 1], :9], atol=1e-5)


def test_a_beginning_keeps_what_lies_in_it(backend):
    whole = DOCUMENTS.tokenize(backend.tokenizer)
    part = Beginnings(DOCUMENTS, (4, 1), 9).tokenize(backend.tokenizer)
    assert [len(row) for row in part.tokens["clean"]] == [9, 9]
    assert part.clusters == {"document": ("4", "1")}
    assert part.kept.tolist() == [4, 1]
    assert part.positions["end"].tolist() == [8, 8]
    assert part.targets["clean"][0].tolist() == whole.targets["clean"][4][:8].tolist()


def test_other_beginnings_are_other_prompts():
    made = {
        Beginnings(DOCUMENTS, rows, length).fingerprint
        for rows in ((1, 2), (2, 1))
        for length in (5, 6)
    }
    assert len(made) == 4


def test_many_replacements_in_one_run_do_what_each_does_alone(backend):
    where = np.array([[unit, 5] for unit in range(len(DOCUMENTS))])
    requests = [
        Request(
            TokenContrast(1, (5, 7)),
            DOCUMENTS,
            "clean",
            ReplaceAtPositions((Neuron(2, n),), where, np.full((6, 1), 9.0), "to 9"),
        )
        for n in (0, 1, 2, 5, 6)
    ]
    together = run(backend, *requests)
    alone = [run(backend, request)[0] for request in requests]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    clean = run(backend, Request(TokenContrast(1, (5, 7)), DOCUMENTS))[0]
    assert all(np.abs(edited - clean)[:, 5].max() > 0.1 for edited in together)
    assert all(np.abs(edited - clean)[:, :5].max() < 1e-4 for edited in together)
