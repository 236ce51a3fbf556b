"""Claims about neurons that take two tokens for one word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.confidence.held import half
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.promotion import matched_tokens
from circuit_assert.claims.quantities import Measured, Quantity, remembered
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError, TokenError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts, Tokenizer, Which
from circuit_assert.prompts.endings import Endings
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above

Reals = npt.NDArray[np.float64]
Pair = tuple[int, int]
_CONTEXT = 12
_PAIRS, _CONTEXTS = 199, 4


@claim("{neuron} detokenizes {word}", source="Gurnee et al. 2023, arXiv:2305.01610")
def neuron_detokenizes(neuron: Subject, word: str, *, on: Prompts | None = None, by: float) -> Body:
    """It is active on a word of two tokens, and not on either token with another beside it.

    The word is put after the first tokens of documents. With a_AB the activation at its second
    token, a_AC the same with another second token and a_DB with another first one, the share
    (a_AB − max(a_AC, a_DB)) / a_AB, a ratio of means over documents, is above `by`, and a_AB is
    above zero. The others, C and D, are 20 tokens as frequent in the documents as B and A. A gated
    neuron may be active below zero: it is taken with the sign that it has on the word in the
    discovery half of the documents; all else is of the other half.

    Control: a_AB − max(a_AC, a_DB) is larger than for 199 random pairs of tokens as frequent.

    Args:
        neuron: One neuron.
        word: Two tokens of the model, with the leading space: " social security".
        on: Documents to begin with; by default the shipped ones.
        by: The share of its activation that has to be lost without either token.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a share that is none.
        TokenError: when the word is not two tokens of the model.

    Published:
        In Pythia 160M (its first version), L2N880 finds "social security" with F1 0.99.

    Pitfalls:
        Superposition: most such neurons are active on other pairs too, which this does not ask,
        and in a layer of thousands some neuron answers to any pair of tokens. The documents end in
        the middle of a sentence, where the word does not belong.
    """
    one = neuron.only(Neuron, "neuron_detokenizes")
    if not 0 <= by < 1:
        raise ClaimError(f"by= is a share of its activation, from 0 to below 1; got {by:g}.")
    of = Answer(one, word, on or plain_text())
    nothing = "it is not active on the word: there is no share"
    return all_of(
        Criterion("active", of, above(0.0), "activation on the word", "activation", neuron.model),
        Criterion(
            "interaction",
            ShareOf(replace(of, beyond=True), of, by, nothing),
            above(by),
            "share of its activation that either token alone does not bring about",
            "of the activation",
            neuron.model,
        ),
        guards=[
            Fact("unlike random pairs", UnlikeRandomPairs(of), "random pairs bring about less")
        ],
    )


@lru_cache(maxsize=256)
def pair_of(word: str, tokenizer: Tokenizer) -> Pair:
    """The two tokens of a word.

    Raises:
        TokenError: when it is not two.
    """
    tokens = tokenizer.encode(word)
    if len(tokens) != 2:
        pieces = ", ".join(repr(tokenizer.piece(token)) for token in tokens)
        raise TokenError(
            f"neuron_detokenizes is about words of two tokens; {word!r} is {pieces} in "
            f"{tokenizer.name}."
        )
    return tokens[0], tokens[1]


@lru_cache(maxsize=256)
def _endings(documents: Prompts, pairs: tuple[tuple[int, Pair], ...]) -> Endings:
    return Endings(documents, tuple((u, *pair) for u, pair in pairs), _CONTEXT)


@dataclass(frozen=True)
class Answer(Quantity):
    """A neuron's activation on a word, by document of the test half.

    Args:
        neuron: The neuron.
        word: The word's text.
        on: The documents, both halves.
        beyond: Whether what either token brings about with another beside it is taken off.
    """

    neuron: Neuron
    word: str
    on: Prompts
    beyond: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations on the word, and with one token of it, in both halves."""
        return [self.request(self._own(which, scores), which) for which in ("discovery", "test")]

    def measured(self, scores: Scores) -> Measured:
        """The activation, document by document."""
        found = self.values(self._own("test", scores), "test", scores)
        values = found[:, 0] - (found[:, 1:].max(1) if self.beyond else 0.0)
        prompts = scores.tokenized(half(self.on, "test"))
        return Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of activations, twice for a difference."""
        return 2 * max(floor_of(request) for request in self.needs(scores))

    def request(self, pairs: tuple[tuple[int, Pair], ...], which: Which) -> Request:
        """Activations after documents that end in pairs."""
        ends = _endings(half(self.on, which), pairs)
        return Request(NeuronActivations(self.neuron.layer, (self.neuron.neuron,)), ends)

    def values(self, pairs: tuple[tuple[int, Pair], ...], which: Which, scores: Scores) -> Reals:
        """Activations at the ends, three by three, with the sign they have on the word."""
        raw = self._raw(pairs, which, scores)
        word = self._raw(self._own("discovery", scores), "discovery", scores)[:, 0]
        return raw * (1.0 if word.mean() >= 0 else -1.0)

    def _raw(self, pairs: tuple[tuple[int, Pair], ...], which: Which, scores: Scores) -> Reals:
        request = self.request(pairs, which)
        ends = scores.tokenized(request.on).positions["end"]
        found = scores[request][np.arange(len(ends)), ends, 0].astype(np.float64)
        return found.reshape(-1, 3)

    def _own(self, which: Which, scores: Scores) -> tuple[tuple[int, Pair], ...]:
        return self._discovery(scores) if which == "discovery" else self._test(scores)

    @remembered
    def _discovery(self, scores: Scores) -> tuple[tuple[int, Pair], ...]:
        return self._made("discovery", scores)

    @remembered
    def _test(self, scores: Scores) -> tuple[tuple[int, Pair], ...]:
        return self._made("test", scores)

    def _made(self, which: Which, scores: Scores) -> tuple[tuple[int, Pair], ...]:
        word = pair_of(self.word, scores.weights.tokenizer)
        documents = range(len(scores.tokenized(half(self.on, which))))
        return tuple(e for u in documents for e in self.three(u, word, u, scores))

    def three(
        self, unit: int, pair: Pair, turn: int, scores: Scores
    ) -> tuple[tuple[int, Pair], ...]:
        """A pair, with another second token, and with another first one."""
        (first, second), (firsts, seconds) = pair, self.others(scores)
        other = [t for t in seconds if t != second][turn % (len(seconds) - 1)]
        before = [t for t in firsts if t != first][turn % (len(firsts) - 1)]
        return (unit, pair), (unit, (first, other)), (unit, (before, second))

    @remembered
    def others(self, scores: Scores) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Tokens as frequent as the word's first, and as its second."""
        tokenizer = scores.weights.tokenizer
        rows = scores.tokenized(self.on).tokens["clean"]
        first, second = (
            _as_frequent(token, rows, tokenizer) for token in pair_of(self.word, tokenizer)
        )
        return first, second


def _as_frequent(
    token: int, rows: Iterable[npt.NDArray[np.int64]], tokenizer: Tokenizer
) -> tuple[int, ...]:
    ordinary = tokenizer.ordinary_tokens()
    if not (ordinary == token).any():
        raise TokenError(f"{tokenizer.piece(token)!r} is no ordinary token of {tokenizer.name}.")
    return matched_tokens(token, rows, ordinary)


@dataclass(frozen=True)
class UnlikeRandomPairs(Question):
    """Whether the interaction is larger than that of random pairs of tokens as frequent.

    Args:
        of: The neuron and the word.
    """

    of: Answer

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Everyone's activations."""
        return [*self.of.needs(scores), self.of.request(self._pairs(scores), "test")]

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own = replace(self.of, beyond=True).measured(scores).values.mean()
        found = self.of.values(self._pairs(scores), "test", scores)
        beyond = (found[:, 0] - found[:, 1:].max(1)).reshape(-1, _CONTEXTS).mean(1)
        return stands_out(float(own), beyond, alpha, "random pairs of tokens as frequent", ".3g")

    @remembered
    def _pairs(self, scores: Scores) -> tuple[tuple[int, Pair], ...]:
        firsts, seconds = self.of.others(scores)
        word = pair_of(self.of.word, scores.weights.tokenizer)
        every = [
            pair for pair in product(firsts, seconds) if pair[0] != word[0] and pair[1] != word[1]
        ]
        order = np.random.default_rng(0).permutation(len(every))[:_PAIRS]
        documents = len(scores.tokenized(half(self.of.on, "test")))
        return tuple(
            end
            for turn, chosen in enumerate(order)
            for k in range(_CONTEXTS)
            for end in self.of.three((turn + k) % documents, every[chosen], turn + k, scores)
        )
