"""Explanations as predictors of tokens."""

import re

import numpy as np
import pytest

from circuit_assert.errors import PromptError
from circuit_assert.prompts.explanations import Explanation, explanation, predicted

TOKENS = ["<bos>", "The", " year", " 19", "45", ",", " the", " end"]


class Lengths:
    def predict(self, tokens):
        return [len(token) / 10 for token in tokens]


def test_tokens_rules_and_patterns():
    the = explanation("the", {"the", "The"})
    assert predicted(the, TOKENS).tolist() == [0, 1, 0, 0, 0, 0, 1, 0]
    year = explanation("a year", re.compile(r"\b\d{4}\b"))
    assert predicted(year, TOKENS).tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    after = explanation("after a comma", lambda tokens, i: i > 0 and tokens[i - 1] == ",")
    assert predicted(after, TOKENS).tolist() == [0, 0, 0, 0, 0, 0, 1, 0]


def test_a_predictor_is_given_the_tokens_or_what_they_are_embedded_as():
    lengths = explanation("long tokens", Lengths())
    assert isinstance(lengths, Explanation)
    assert predicted(lengths, TOKENS)[2] == pytest.approx(0.5)
    twice = explanation("long tokens", Lengths(), embed=lambda tokens: [2 * t for t in tokens])
    assert predicted(twice, TOKENS)[2] == pytest.approx(1.0)
    assert twice.identity != lengths.identity


def test_predictions_are_one_finite_number_for_each_token():
    class Wrong:
        def __init__(self, values):
            self.values = values

        def predict(self, tokens):
            return self.values

    for values in ([0.0], [np.nan] * len(TOKENS)):
        with pytest.raises(PromptError, match="finite number for each"):
            predicted(explanation("wrong", Wrong(values)), TOKENS)


def test_what_cannot_predict_is_refused():
    with pytest.raises(PromptError, match="cannot predict"):
        explanation("a number", 3)
    with pytest.raises(PromptError, match="name"):
        explanation("", {"a"})
    with pytest.raises(PromptError, match="embed="):
        explanation("the", {"the"}, embed=list)
