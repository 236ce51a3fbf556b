"""Losses inside of words and at their beginnings, against the same worked out by hand."""

import numpy as np
import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.execution.executor import Executor
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import Batch
from circuit_assert.measurements.within_words import FIRST, INSIDE, LossWithinWords, kind_of
from circuit_assert.models.planted_models import spelling_documents, spelling_model
from circuit_assert.models.spec import spec_of
from circuit_assert.session import Session

PLANTED = spelling_model()
DOCUMENTS = spelling_documents(documents=5, length=20)


@pytest.mark.parametrize(
    ("before", "token", "kind"),
    [
        (" w1", "x3", INSIDE),
        ("x3", " w1", FIRST),
        (" .", "x3", -1),
        (" w1", ".", -1),
        (" w1", " 7", -1),
        ("", "x3", -1),
    ],
)
def test_which_tokens_go_on_with_a_word(before, token, kind):
    class Tokenizer:
        def piece(self, number):
            return (before, token)[number]

    assert kind_of(0, 1, Tokenizer()) == kind


def test_mean_losses_of_both_kinds():
    model = Session().model(PLANTED)
    (measured,) = model.measure([Request(LossWithinWords(places=100), DOCUMENTS)])
    weights = {name: tensor.double() for name, tensor in PLANTED.state_dict().items()}
    for unit, row in enumerate(DOCUMENTS.tokenize(model.tokenizer).tokens["clean"]):
        stream = weights["tok_embed.weight"][row]
        for layer in range(2):
            mlp = f"layers.{layer}.mlp"
            active = torch.relu(
                stream @ weights[f"{mlp}.fc_in.weight"].T + weights[f"{mlp}.fc_in.bias"]
            )
            stream = stream + active @ weights[f"{mlp}.fc_out.weight"].T
        logs = torch.log_softmax(stream @ weights["head.weight"].T, -1).numpy()
        losses = -logs[np.arange(len(row) - 1), row[1:]]
        endings = (row[1:] >= 41) & (row[1:] < 61)
        assert measured[unit, INSIDE] == pytest.approx(losses[endings].mean(), abs=1e-4)
        assert measured[unit, FIRST] == pytest.approx(losses[~endings].mean(), abs=1e-4)


def test_logits_are_said_to_be_needed_where_they_are_made(monkeypatch):
    backend, read = load(spec_of(PLANTED)), []
    honest = type(backend).log_probabilities

    def noted(self, residual, tokens):
        read.append(len(residual))
        return honest(self, residual, tokens)

    monkeypatch.setattr(type(backend), "log_probabilities", noted)
    measurement, on = LossWithinWords(places=3), DOCUMENTS.tokenize(backend.tokenizer)
    Executor(backend).run([Request(measurement, DOCUMENTS)])
    batch = Batch(on, "clean", np.arange(len(on)))
    said = measurement.unembedded(batch, backend.card, backend.tokenizer)
    assert sum(read) == len(np.unique(said, axis=0)) < len(measurement.final_positions(batch))


def test_words_of_two_pieces_are_two_tokens():
    tokenizer = Session().model(PLANTED).tokenizer
    assert [tokenizer.piece(t) for t in tokenizer.encode("w1x1 w12")] == [" w1", "x1", " w12"]
