"""Beginnings of documents with other ends."""

import numpy as np

from circuit_assert.claims.detokenizing import Answer
from circuit_assert.components import Neuron
from circuit_assert.models.planted_models import COMPOUND, compound_documents, compound_model
from circuit_assert.prompts.endings import Endings
from circuit_assert.session import Session

DOCUMENTS = compound_documents(documents=8)


def test_documents_begin_as_they_did_and_end_as_is_said():
    tokenizer = compound_model().tokenizer
    whole = DOCUMENTS.tokenize(tokenizer)
    ends = Endings(DOCUMENTS, ((3, 5, 9), (0, 5, 11)), length=7)
    made = ends.tokenize(tokenizer)
    assert len(made) == len(ends) == 2
    for row, (unit, first, second) in zip(made.tokens["clean"], ends.ends, strict=True):
        np.testing.assert_array_equal(row[:7], whole.tokens["clean"][unit][:7])
        assert row[7:].tolist() == [first, second]
    assert made.positions["end"].tolist() == [8, 8]
    assert made.clusters["document"] == ("3", "0")
    other = Endings(DOCUMENTS, ((3, 5, 9), (0, 5, 12)), length=7)
    assert other.fingerprint != ends.fingerprint


def test_controls_keep_one_token_and_never_say_the_word():
    model = Session().model(compound_model())
    answer = Answer(Neuron(1, 0), COMPOUND, DOCUMENTS)
    seen = {}

    class Scores:
        weights = model

        @staticmethod
        def tokenized(prompts):
            return seen.setdefault(prompts, prompts.tokenize(model.tokenizer))

    requests = answer.needs(Scores())
    for request in requests:
        rows = request.on.tokenize(model.tokenizer).tokens["clean"]
        ends = np.array([row[-2:] for row in rows]).reshape(-1, 3, 2)
        assert (ends[:, 0] == (5, 9)).all()
        assert (ends[:, 1, 0] == 5).all()
        assert (ends[:, 1, 1] != 9).all()
        assert (ends[:, 2, 1] == 9).all()
        assert (ends[:, 2, 0] != 5).all()
