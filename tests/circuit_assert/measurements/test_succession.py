"""What is raised most, against the same worked out in plain torch; and the words."""

import numpy as np
import pytest
import torch

from circuit_assert import Session
from circuit_assert.components import Head
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.succession import RaisedMost
from circuit_assert.models.planted_models import counting_model
from circuit_assert.prompts.ordinals import ordinal_words, ordinals

PLANTED = counting_model(right=0.6, seed=1)


def test_what_is_raised_most_is_found_as_by_hand():
    model = Session().model(PLANTED)
    words = ordinals()
    heads = (Head(1, 0), Head(1, 5))
    found = model.measure([WeightRequest(RaisedMost(heads, words))])[0]
    w = {name: tensor.double() for name, tensor in PLANTED.state_dict().items()}
    numbers = words.numbers(model.tokenizer)
    embedded = w["tok_embed.weight"][numbers]
    inside = torch.relu(embedded @ w["layers.0.mlp.fc_in.weight"].T + w["layers.0.mlp.fc_in.bias"])
    effective = embedded + inside @ w["layers.0.mlp.fc_out.weight"].T
    width = PLANTED.card.d_head
    written = 0
    for head in heads:
        rows = slice(head.head * width, (head.head + 1) * width)
        written = written + (
            effective @ w["layers.1.attn.v.weight"][rows].T @ w["layers.1.attn.o.weight"][:, rows].T
        )
    logits = written @ w["head.weight"][numbers].T
    np.testing.assert_array_equal(found, logits.argmax(1))


def test_where_nothing_is_raised_nothing_is_raised_most(monkeypatch):
    silent = counting_model(seed=2)
    tensors = silent.state_dict()
    tensors["layers.1.attn.o.weight"] = torch.zeros_like(tensors["layers.1.attn.o.weight"])
    from dataclasses import replace

    model = Session().model(replace(silent, name="silent", weights=lambda: tensors))
    found = model.measure([WeightRequest(RaisedMost((Head(1, 0),), ordinals()))])[0]
    assert set(found.tolist()) == {-1.0}


class WordTokenizer:
    """A tokenizer with some words, each one token."""

    name = "words"
    beginning = ()

    def __init__(self, *texts):
        self.texts = texts

    def encode(self, text):
        return [self.texts.index(text)] if text in self.texts else [0, 0]

    def ordinary_tokens(self):
        return np.arange(len(self.texts))


def test_pairs_are_of_words_whose_successor_is_a_token_too():
    tokenizer = WordTokenizer("?", " Monday", " Tuesday", " Thursday", " Friday", "Monday")
    words = ordinals("days")
    assert words.of(tokenizer)["days"] == [1, 2, -1, 3, 4, -1, -1]
    assert words.numbers(tokenizer).tolist() == [1, 2, 3, 4]
    assert words.successors(tokenizer)["days"].tolist() == [[0, 1], [2, 3]]


def test_a_class_is_taken_with_or_without_spaces_never_mixed():
    tokenizer = WordTokenizer("?", " 1", "1", "2", "3")
    assert ordinals("numbers").numbers(tokenizer).tolist() == [2, 3, 4]


def test_classes_are_in_order_and_hold_no_word_twice():
    every = [word for name in ordinals().classes for word in ordinal_words(name) if word != "-"]
    assert len(set(every)) == len(every)
    assert ordinal_words("days")[:2] == ("Monday", "Tuesday")
    assert ordinal_words("numbers")[-1] == "100"
    assert len(ordinal_words("months")) == 12
    with pytest.raises(PromptError, match="classes of ordinal words"):
        ordinals("weekdays")
