"""What is read of the final stream alone is read once for all rows of a run."""

import numpy as np

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
