"""How active a neuron is in a token's direction, and what is lost where it is most so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.congruence import sign_of, token_of
from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.components import Neuron
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.neurons import NeuronsOfToken, TokenContrast
from circuit_assert.prompts.base import Ints, Prompts

Reals = npt.NDArray[np.float64]
FIRST = 1  # the first position is an attention sink, whose activations are like no other's
LEAST_DOCUMENTS = 20  # below this a jackknife decides nothing
_TOP = 0.1
_MANY = 0.05  # of all positions, sharing one activation
_CLEAR = 0.9  # of the decile: fewer positions above than this will be fewer in other documents, too
_MATCHED = 20


@dataclass(frozen=True)
class Promotion:
    """A neuron, the token it is said to promote, and the documents to see it on.

    Args:
        neuron: The neuron.
        token: The token's text.
        on: The documents.
        among: Neurons of its layer, itself included, whose activations are read together.
    """

    neuron: Neuron
    token: str
    on: Prompts
    among: tuple[int, ...] = ()

    def token_number(self, scores: Scores) -> int:
        """The token's number in the model.

        Raises:
            TokenError: when the text is not one ordinary token of the model.
        """
        return token_of(self.token, scores)

    def readings(self, scores: Scores) -> WeightRequest:
        """The congruence of the neuron's layer with the token, which orients activations."""
        return WeightRequest(NeuronsOfToken(self.neuron.layer, self.token_number(scores)))

    def sign(self, scores: Scores) -> int:
        """s, the sign of its congruence with the token."""
        return sign_of(self.neuron, scores[self.readings(scores)])

    @property
    def activations(self) -> Request:
        """Its activations on the documents, and those of the neurons read with it."""
        return Request(NeuronActivations(self.neuron.layer, self._read), self.on)

    @property
    def _read(self) -> tuple[int, ...]:
        return self.among or (self.neuron.neuron,)

    def oriented(self, scores: Scores) -> Reals:
        """s·a at every position, `[unit, pos]`; NaN at the first and after the last."""
        column = self._read.index(self.neuron.neuron)
        oriented = self.sign(scores) * scores[self.activations][..., column].astype(np.float64)
        oriented[:, :FIRST] = np.nan
        return oriented

    def holds(self, scores: Scores, length: int | None = None) -> list[bool]:
        """Of each document, whether the token follows something in its first `length` tokens."""
        rows = scores.tokenized(self.on).tokens["clean"]
        token = self.token_number(scores)
        return [bool((row[FIRST + 1 : length] == token).any()) for row in rows]

    def matched(self, scores: Scores) -> tuple[int, ...]:
        """The tokens that the promoted one is compared with."""
        prompts = scores.tokenized(self.on)
        ordinary = scores.weights.tokenizer.ordinary_tokens()
        return matched_tokens(self.token_number(scores), prompts.tokens["clean"], ordinary)


def matched_tokens(token: int, rows: Iterable[Ints], ordinary: Ints) -> tuple[int, ...]:
    """The 20 ordinary tokens nearest in frequency, ten on each side where there are so many.

    Frequencies are counted in the documents; tokens seen equally often, most of them never, are
    ordered by their number, which in byte-pair vocabularies follows the frequency in the text that
    the tokenizer was made from.
    """
    seen = np.bincount(np.concatenate(list(rows)), minlength=int(ordinary.max()) + 1)[ordinary]
    order = ordinary[np.lexsort((ordinary, -seen))]
    place = int(np.flatnonzero(order == token)[0])
    others = np.delete(order, place)
    start = max(0, min(place - _MATCHED // 2, len(others) - _MATCHED))
    return tuple(others[start : start + _MATCHED].tolist())


@dataclass(frozen=True)
class IsActive(Question):
    """Whether the neuron is ever active in the token's direction, and not always alike.

    Where it never is, it promotes nothing: that is an answer when the documents that hold the
    token are 20 at least. (A neuron with a rectifier that only suppresses the token, or a dead
    one, is refuted here.)
    """

    of: Promotion

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its activations."""
        return (self.of.readings(scores), self.of.activations)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """True when s·a varies and is above zero somewhere."""
        oriented = self.of.oriented(scores)
        low, high = float(np.nanmin(oriented)), float(np.nanmax(oriented))
        words = f"s·a is between {low:.3g} and {high:.3g} on {self.of.on.name}"
        if high > max(low, 0.0):
            return Found(True, words)
        holding = sum(self.of.holds(scores))
        words += f", in {holding} documents that hold the token"
        return Found(None if holding < LEAST_DOCUMENTS else False, words)


@dataclass(frozen=True)
class TopActivity(Quantity):
    """Mean s·a where it exceeds its own 90th percentile over all positions, by document."""

    of: Promotion

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and what orients them."""
        return (self.of.readings(scores), self.of.activations)

    def positions(self, scores: Scores) -> Ints:
        """`[n, 2]` unit and position pairs; none for a neuron that is constant where it is most."""
        oriented = self.of.oriented(scores)
        with np.errstate(invalid="ignore"):
            return np.argwhere(oriented > np.nanquantile(oriented, 1 - _TOP))

    def require(self, scores: Scores) -> Ints:
        """The positions.

        Raises:
            CannotTell: when there are none.
        """
        where = self.positions(scores)
        if not len(where):
            raise CannotTell(f"{self.of.neuron} is nowhere above its 90th percentile")
        return where

    def replacement(self, scores: Scores) -> ReplaceAtPositions:
        """Setting the activation to its mean there."""
        where, mean = self.positions(scores), np.nanmean(self.of.oriented(scores))
        sign = self.of.sign(scores)
        a = "a" if sign > 0 else "−a"
        said = f"to its mean {sign * mean:.4g} in the top decile of {a} on {self.of.on.name}"
        values = np.full((len(where), 1), sign * mean)
        return ReplaceAtPositions((self.of.neuron,), where, values, said)

    def measured(self, scores: Scores) -> Measured:
        """The mean, document by document."""
        return self.by_document(self.of.oriented(scores), scores)

    def by_document(self, values: npt.NDArray[np.floating], scores: Scores) -> Measured:
        """The mean over the positions of values `[unit, pos]`, as one number for each document.

        The mean of the numbers is that over all positions, documents weighing the same; their
        spread is its error, that of the threshold included, which all documents share. A document
        with more positions above it than others pushes it up, past positions with the values found
        there: what counts is by how much its own are larger. A rectifier's zeros are not pushed
        past; documents without positions above then say nothing and are left out.

        Raises:
            CannotTell: when there are none.
        """
        (units, places), oriented = self.require(scores).T, self.of.oriented(scores)
        prompts = scores.tokenized(self.of.on)
        lengths = np.maximum(np.isfinite(oriented).sum(1), 1)
        counts = np.bincount(units, minlength=len(prompts))
        fixed = _rests_on_zeros(oriented, len(units))
        counted = counts > 0 if fixed else np.full(len(prompts), True)
        above = values[units, places]
        centre = (
            float(np.average(above, weights=1 / lengths[units]))
            if fixed
            else _at_threshold(above, oriented[units, places])
        )
        excess = np.bincount(units, above - centre, len(prompts)) / lengths
        numbers = centre + excess / (counts / lengths)[counted].mean()
        every = Measured(numbers, prompts.clusters, tuple(prompts.kept.tolist()))
        some = f"{len(units)} positions in {(counts > 0).sum()} of {len(prompts)} documents"
        return every.keeping(counted, some)


def _rests_on_zeros(oriented: Reals, chosen: int) -> bool:
    """Whether the threshold is a value that many share, and would be so in other documents."""
    there = oriented[np.isfinite(oriented)]
    tied = (there == np.quantile(there, 1 - _TOP)).mean()
    return bool(tied > _MANY and chosen < _CLEAR * _TOP * there.size)


def _at_threshold(values: npt.NDArray[np.floating], oriented: Reals) -> float:
    """The mean of values at the tenth of positions that are least above the threshold."""
    nearest = np.argsort(oriented, kind="stable")[: max(1, len(oriented) // 10)]
    return float(values[nearest].mean())


@dataclass(frozen=True)
class LogitDrop(Quantity):
    """How much the token's logit, against matched tokens, falls without the neuron's activation.

    At positions where s·a is in its top decile over all positions of the documents, whatever
    follows there, the activation is replaced by its mean; all at once, averaged by document.

    Args:
        of: Which neuron, which token, where.
        matched: The tokens that the token is compared with; None for those matched in frequency
            in the documents themselves.
    """

    of: Promotion
    matched: tuple[int, ...] | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations and the contrast; then the contrast without the activations."""
        first = (*self._top.needs(scores), self._clean(scores))
        if any(request not in scores for request in first) or not len(self._top.positions(scores)):
            return first
        return (*first, self._without(scores))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the contrasts: activations are in another unit."""
        return max(floor_of(self._clean(scores)), floor_of(self._without(scores)))

    def measured(self, scores: Scores) -> Measured:
        """The drop, document by document."""
        self._top.require(scores)
        drops = scores[self._clean(scores)] - scores[self._without(scores)]
        drop = self._top.by_document(drops, scores)
        pieces = map(scores.weights.tokenizer.piece, self._matched(scores))
        against = f"against {', '.join(map(repr, pieces))}"
        return drop.with_note(str(self._top.replacement(scores))).with_note(against)

    @property
    def _top(self) -> TopActivity:
        return TopActivity(self.of)

    def _matched(self, scores: Scores) -> tuple[int, ...]:
        return self.matched or self.of.matched(scores)

    def _clean(self, scores: Scores) -> Request:
        contrast = TokenContrast(self.of.token_number(scores), self._matched(scores))
        return Request(contrast, self.of.on)

    def _without(self, scores: Scores) -> Request:
        return replace(self._clean(scores), under=self._top.replacement(scores))
