"""How far split words stand above other words, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.confidence.held import half
from circuit_assert.claims.quantities import CannotTell, Measured, remembered
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.word_readings import WordReadings
from circuit_assert.prompts.base import Prompts, Which
from circuit_assert.prompts.cut_words import CutWord, cut_words
from circuit_assert.prompts.endings import Endings
from circuit_assert.prompts.prompt_set import discovery_ids

Reals = npt.NDArray[np.float64]
Way: TypeAlias = Literal["split", "another end", "another beginning", "end alone", "whole"]
WAYS: tuple[Way, ...] = get_args(Way)
_CONTEXT = 8  # tokens before the word: as cheap as it gets, and never the beginning of a text


@dataclass(frozen=True)
class SplitWords:
    """Split words after the first tokens of documents, and what else is put in their place.

    Layers are found with one half of the words, after the documents of one half, and judged with
    the other words after the other documents. All words are candidates at all of them.

    Args:
        on: The documents, which the words are from, too.
        count: How many words.
        share: The part of the layers that is early.
    """

    on: Prompts
    count: int
    share: float

    def requests(self, scores: Scores) -> tuple[Request, Request]:
        """Readings to find layers with, and to judge with."""
        return self._request("discovery", scores), self._request("test", scores)

    def early(self, scores: Scores) -> int:
        """How many layers are early.

        Raises:
            CannotTell: when none is, or all are.
        """
        layers = scores.weights.card.layers
        early = early_layers(self.share, layers)
        if not 0 < early < layers:
            raise CannotTell(f"{early} of {layers} layers are the first {self.share:g} of them")
        return early

    def found(self, scores: Scores) -> tuple[int, int]:
        """On the discovery half, the best early layer and the best one after them."""
        curve, early = self._standings("discovery", scores)[:, 0].mean(0), self.early(scores)
        return int(curve[:early].argmax()), early + int(curve[early:].argmax())

    @remembered
    def standings(self, scores: Scores) -> Reals:
        """How far words of the test half stand above others: `[word, way, layer]`.

        The part of the other words whose logit is lower than the word's own, ties counting half:
        1/2 where nothing tells words apart.
        """
        return self._standings("test", scores)

    def measured(self, values: Reals, scores: Scores, *notes: str) -> Measured:
        """One number for each word of the test half."""
        names = [word.text for word in self.words("test", scores)]
        return Measured(values, {"word": names}, tuple(range(len(names))), notes=notes)

    def words(self, which: Which, scores: Scores) -> list[CutWord]:
        """The words of one half."""
        every = self._every(scores)
        found = discovery_ids(word.text for word in every)
        return [word for word in every if (word.text in found) == (which == "discovery")]

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The part of the others that the engine's own choices might move past a word, on average.

        Of the layer, and of what is put in the words' place, where it is largest.
        """
        request = self.requests(scores)[1]
        readings, own = self._readings("test", scores), self._own("test", scores)
        near = np.abs(readings - own) <= 2 * floor_of(request)
        others = near.sum(-1) - 1  # itself
        return float(others.mean(0).max()) / (self.count - 1)

    def _standings(self, which: Which, scores: Scores) -> Reals:
        readings, own = self._readings(which, scores), self._own(which, scores)
        below = (readings < own).sum(-1) + ((readings == own).sum(-1) - 1) / 2
        return below / (self.count - 1)

    def _readings(self, which: Which, scores: Scores) -> Reals:
        """Logits `[word, way, layer, candidate]`."""
        found = scores[self._request(which, scores)].astype(np.float64)
        return found.reshape(-1, len(_ways(which)), *found.shape[1:])

    def _own(self, which: Which, scores: Scores) -> Reals:
        """Each word's own logit: `[word, way, layer, 1]`."""
        places_of = {word: place for place, word in enumerate(self._every(scores))}
        places = np.array([places_of[word] for word in self.words(which, scores)])
        readings = self._readings(which, scores)
        return np.take_along_axis(readings, places[:, None, None, None], axis=-1)

    def _every(self, scores: Scores) -> tuple[CutWord, ...]:
        return cut_words(self.on, self.count, scores.weights.tokenizer)

    @remembered
    def _discovery(self, scores: Scores) -> Request:
        return self._made("discovery", scores)

    @remembered
    def _test(self, scores: Scores) -> Request:
        return self._made("test", scores)

    def _request(self, which: Which, scores: Scores) -> Request:
        return self._discovery(scores) if which == "discovery" else self._test(scores)

    def _made(self, which: Which, scores: Scores) -> Request:
        documents, words = half(self.on, which), self.words(which, scores)
        partners = shuffled(words, {word.text for word in self._every(scores)}, scores)
        count = len(scores.tokenized(documents))
        ends = tuple(
            (turn % count, *tokens)
            for turn, (word, other) in enumerate(zip(words, partners, strict=True))
            for tokens in _put(word, other, which)
        )
        candidates = tuple(word.token for word in self._every(scores))
        return Request(WordReadings(candidates), _endings(documents, ends))


def early_layers(share: float, layers: int) -> int:
    """How many layers the first `share` of them are, rounded down."""
    return int(share * layers + 1e-9)


def shuffled(words: list[CutWord], taken: set[str], scores: Scores) -> list[CutWord]:
    """For each word another one, so that neither's beginning with the other's end is a word.

    Raises:
        CannotTell: when there is none.
    """
    piece = scores.weights.tokenizer.piece

    def differ(one: CutWord, other: CutWord) -> bool:
        crossed = {piece(one.first) + piece(other.last), piece(other.first) + piece(one.last)}
        return one.first != other.first and one.last != other.last and not crossed & taken

    found: list[CutWord] = []
    for place, word in enumerate(words):
        after = words[place + 1 :] + words[:place]
        partner = next((other for other in after if differ(word, other)), None)
        if partner is None:
            raise CannotTell(f"{word.text!r} has no other word to exchange its halves with")
        found.append(partner)
    return found


def _ways(which: Which) -> tuple[Way, ...]:
    return WAYS if which == "test" else WAYS[:1]


def _put(word: CutWord, other: CutWord, which: Which) -> list[tuple[int, ...]]:
    """What is put after a document in each of the ways."""
    tokens: dict[Way, tuple[int, ...]] = {
        "split": (word.first, word.last),
        "another end": (word.first, other.last),
        "another beginning": (other.first, word.last),
        "end alone": (word.last,),
        "whole": (word.token,),
    }
    return [tokens[way] for way in _ways(which)]


@lru_cache(maxsize=64)
def _endings(documents: Prompts, ends: tuple[tuple[int, ...], ...]) -> Endings:
    return Endings(documents, ends, _CONTEXT)
