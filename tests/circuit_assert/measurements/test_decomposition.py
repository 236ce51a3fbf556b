"""Where logits are taken apart, and what is said of prompts that are too short for it."""

from dataclasses import replace

import numpy as np
import pytest

from circuit_assert.backends.load import load
from circuit_assert.errors import PromptError
from circuit_assert.execution.executor import Executor
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import Batch
from circuit_assert.measurements.decomposition import DecompositionError
from circuit_assert.models.planted_models import lookup_documents, lookup_model
from circuit_assert.models.spec import spec_of

ON = lookup_documents()


@pytest.fixture(scope="module")
def backend():
    return load(spec_of(lookup_model()))


def test_logits_are_said_to_be_needed_where_they_are_made(backend, monkeypatch):
    read = []
    honest = type(backend).top_tokens

    def noted(self, residual, k):
        read.append(len(residual))
        return honest(self, residual, k)

    monkeypatch.setattr(type(backend), "top_tokens", noted)
    Executor(backend).run([Request(DecompositionError(), ON)])
    on = ON.tokenize(backend.tokenizer)
    batch = Batch(on, "clean", np.arange(len(on)))
    said = DecompositionError().unembedded(batch, backend.card, backend.tokenizer)
    assert sum(read) == len(np.unique(said, axis=0)) > len(on)


def test_prompts_of_one_token_are_refused_in_words(backend):
    """As a word is in a tokenizer that puts nothing before it."""
    engine = Executor(backend)
    whole = engine.store.tokenized(ON)
    first = {side: [row[:1] for row in rows] for side, rows in whole.tokens.items()}
    engine.store._tokenized[ON] = replace(whole, tokens=first)
    with pytest.raises(PromptError, match="one token has no position"):
        engine.run([Request(DecompositionError(), ON)])
