"""Words read off every layer, against plain torch; and how far a word stands above others."""

import numpy as np
import torch

from circuit_assert.claims.split_words import WAYS, SplitWords
from circuit_assert.components import Site
from circuit_assert.measurements import Request
from circuit_assert.measurements.activations import Residual
from circuit_assert.measurements.word_readings import WordReadings
from circuit_assert.models.planted_models import (
    copying_model,
    cutting_documents,
    cutting_model,
)
from circuit_assert.prompts.cut_words import cut_words
from circuit_assert.prompts.endings import Endings
from circuit_assert.prompts.repeated import RepeatedTokens
from circuit_assert.session import Session


def test_every_layer_is_read_through_the_final_norm():
    """RMS norm with gains: x / rms(x) · gain against unembedding rows less their mean."""
    planted = copying_model(grouped_queries=True)
    model = Session().model(planted)
    on, tokens = RepeatedTokens((4, 6), sequences=8), (3, 7, 11)
    layers = planted.card.layers
    sites = [Request(Residual(Site(layer, "resid_post")), on) for layer in range(layers)]
    readings, *streams = model.measure([Request(WordReadings(tokens), on), *sites])
    weights = planted.state_dict()
    rows = weights["head.weight"] - weights["head.weight"].mean(0)
    for layer, stream in enumerate(map(torch.as_tensor, streams)):
        normed = stream
        if "ln_out.weight" in weights:
            scale = (stream.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
            normed = stream / scale * weights["ln_out.weight"]
        expected = normed.float() @ rows[list(tokens)].T
        np.testing.assert_allclose(readings[:, layer], expected, rtol=1e-3, atol=1e-3)


class Counted:
    """Scores of a planted model, measured as they are asked for."""

    def __init__(self, model):
        self._model, self._known = model, {}
        self.weights = model.court._loaded(model.spec).weights

    def tokenized(self, prompts):
        return prompts.tokenize(self.weights.tokenizer)

    def __getitem__(self, request):
        if request not in self._known:
            (self._known[request],) = self._model.measure([request])
        return self._known[request]


def test_a_word_stands_above_those_with_a_lower_logit():
    """Worked out prompt by prompt: the layer that writes words puts most of them above most."""
    model, documents = Session().model(cutting_model()), cutting_documents()
    split, scores = SplitWords(documents, 96, 0.5), Counted(model)
    standings = split.standings(scores)
    every = cut_words(documents, 96, model.tokenizer)
    words = split.words("test", scores)
    assert standings.shape == (48, len(WAYS), 4)
    found = {word.text for word in split.words("discovery", scores)}
    assert found.isdisjoint(word.text for word in words)
    half = documents.half("test")
    for turn in (0, 17, 40):
        word = words[turn]
        readings = WordReadings(tuple(one.token for one in every))
        for way, tokens in ((0, (word.first, word.last)), (3, (word.last,)), (4, (word.token,))):
            one = Endings(half, ((turn % len(half), *tokens),), 8)
            (read,) = model.measure([Request(readings, one)])
            below = (read[0] < read[0][:, [every.index(word)]]).sum(1) / 95
            np.testing.assert_allclose(standings[turn, way], below, atol=1.5 / 95)
    assert split.found(scores)[0] == 1
    assert split.early(scores) == 2
