"""What is read of the final stream alone is read for all rows of several runs together."""

import numpy as np
import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.components import Head
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import AttentionOverPairs, Loss, Request
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import spec_of
from circuit_assert.prompts.repeated import repeated_tokens

PROMPTS = repeated_tokens(lengths=(4, 5, 6), sequences=6)
HEADS = [Head(layer, head) for layer in (0, 1) for head in (0, 1)]
SWEEP = [Request(Loss(), PROMPTS, under=Ablation((head,), "zero")) for head in HEADS]


def noted(monkeypatch, owner, name):
    """How many rows each call is given from now on."""
    sizes, honest = [], getattr(owner, name)

    def call(self, rows, *args, **options):
        sizes.append(len(rows))
        return honest(self, rows, *args, **options)

    monkeypatch.setattr(owner, name, call)
    return sizes


def test_all_interventions_and_lengths_of_a_run_are_read_together(monkeypatch):
    backend = load(spec_of(induction_model()))
    each = [Executor(backend) for _ in SWEEP]
    for engine, request in zip(each, SWEEP, strict=True):
        engine.run([request])
    runs, reads = (noted(monkeypatch, type(backend), n) for n in ("run", "log_probabilities"))
    together = Executor(backend)
    together.run([*SWEEP, Request(AttentionOverPairs("induction"), PROMPTS)])
    assert max(runs) > len(together.store.tokenized(PROMPTS))
    assert len(reads) < len(runs)  # of attention nothing is read at the end
    for engine, request in zip(each, SWEEP, strict=True):
        expected = engine.store.scores[request]
        np.testing.assert_allclose(together.store.scores[request], expected, rtol=1e-5)
    assert len({together.store.scores[request].tobytes() for request in SWEEP}) > 1


def scores_of(backend, **options):
    engine = Executor(backend, **options)
    engine.run(SWEEP)
    return [engine.store.scores[request] for request in SWEEP]


def test_runs_are_read_together_as_long_as_it_takes_little_memory(monkeypatch):
    backend = load(spec_of(induction_model()))
    whole = scores_of(backend)
    runs, reads = (noted(monkeypatch, type(backend), n) for n in ("run", "log_probabilities"))
    for expected, scores in zip(whole, scores_of(backend, memory=1 << 18), strict=True):
        np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert 1 < len(reads) < len(runs) / 2


def test_where_reading_runs_out_of_memory_it_is_done_in_halves(monkeypatch):
    backend = load(spec_of(induction_model()))
    whole = scores_of(backend)
    honest = type(backend).log_probabilities

    def scarce(self, residual, tokens):
        if len(residual) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(self, residual, tokens)

    monkeypatch.setattr(type(backend), "log_probabilities", scarce)
    limit = 8  # the places of one row
    for expected, scores in zip(whole, scores_of(backend), strict=True):
        np.testing.assert_allclose(scores, expected, rtol=1e-5)
    limit = 1
    with pytest.raises(torch.OutOfMemoryError):
        scores_of(backend)
