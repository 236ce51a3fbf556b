"""How well a feature's activity agrees with the best neurons of other models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.explaining.counts import correlation, sums
from circuit_assert.claims.quantities import CannotTell, MeasuredStatistic, Statistic, remembered
from circuit_assert.claims.single_features.activity import Reals
from circuit_assert.claims.single_features.halves import Bools
from circuit_assert.claims.universality.alignment import Pair
from circuit_assert.measurements.base import AnyRequest, Scores


@dataclass(frozen=True)
class OnTest:
    """A feature and what was chosen of another model, on the test half, laid out in documents.

    Args:
        own: The feature's activity, `[unit, word]`; NaN where there is no word.
        neuron: The best neuron's.
        rotated: That of the best directions of each rotation, `[draw × 2, unit, word]`.
        name: The neuron's address.
        left_out: How many words of the documents are not compared.
    """

    own: Reals
    neuron: Reals
    rotated: Reals
    name: str
    left_out: int


@dataclass(frozen=True)
class OfPairs(Statistic):
    """A difference of two correlations of a feature with what is chosen in other models.

    Args:
        pairs: The feature beside each of the other models.
    """

    pairs: tuple[Pair, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The feature's activations."""
        return self.pairs[0].needs(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far two correlations move at most when the feature's activations do by so much."""
        return 2 * _moved(self.pairs, scores, floor_of)


@dataclass(frozen=True)
class ExcessCorrelation(OfPairs):
    """r with the best neuron minus r with the best direction of a rotation, over other models.

    The neuron is chosen on the discovery half of the documents; the correlations are of the test
    half, all its words together, and jackknifed over its documents. Of rotations it is the mean of
    r of the direction that the discovery half chooses and of the test half's own best: the first is
    below, the second above that of the best direction there is, on average by about as much.

    Args:
        pairs: The feature beside each of the other models.
    """

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The mean difference over any subset of the documents."""
        found = [on_test(pair, scores) for pair in self.pairs]
        kept = _with_words(found)
        parts = [
            (sums(each.own, each.neuron)[kept], sums(each.own[None], each.rotated)[:, kept])
            for each in found
        ]

        def excess(chosen: Bools) -> float:
            return float(np.mean([_excess(*each, chosen) for each in parts]))

        every = np.ones(int(kept.sum()), np.bool_)
        notes = tuple(
            f"{pair.other.recorded} {each.name}: r = {correlation(own.sum(0)):.3g}, of rotations "
            f"{_rotated(turned, every):.3g}"
            + (f"; {each.left_out} words are cut otherwise there" if each.left_out else "")
            for pair, each, (own, turned) in zip(self.pairs, found, parts, strict=True)
        )
        return MeasuredStatistic(excess, _clusters(self.pairs, kept, scores), notes)


@dataclass(frozen=True)
class BeyondPosition(OfPairs):
    """r with the best neuron minus r with its activity in other documents at the same place.

    Args:
        pairs: The feature beside each of the other models.
    """

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The mean difference over any subset of the documents."""
        found = [on_test(pair, scores) for pair in self.pairs]
        kept = _with_words(found)
        parts = [(each.own[kept], each.neuron[kept]) for each in found]

        def beyond(chosen: Bools) -> float:
            return float(np.mean([_beyond(own[chosen], other[chosen]) for own, other in parts]))

        notes = tuple(
            f"{pair.other.recorded} {each.name}: through the place in the document alone, r = "
            f"{through_position(*both):.3g}"
            for pair, each, both in zip(self.pairs, found, parts, strict=True)
        )
        return MeasuredStatistic(beyond, _clusters(self.pairs, kept, scores), notes)


@remembered
def on_test(pair: Pair, scores: Scores) -> OnTest:
    """The test half, laid out."""
    chosen, words = pair.chosen(scores), pair.other.words(scores)
    test = pair.other.of_half(scores, "test")
    units, width = len(pair.other.clusters(scores)), int(words.word.max()) + 1

    def laid_out(values: Reals) -> Reals:
        found = np.full((*values.shape[:-1], units, width), np.nan)
        found[..., words.unit[test], words.word[test]] = values
        return found

    own = pair.own(scores)[test]
    name = pair.other.recorded.neuron(chosen.neuron)
    return OnTest(
        laid_out(own),
        laid_out(chosen.activity),
        laid_out(chosen.rotated),
        name,
        words.left_out,
    )


def through_position(own: Reals, other: Reals) -> float:
    """r of activity with another's in other documents at the same place: `[unit, word]` each.

    Of each word, the other's mean over all other documents that have a word there, which is what
    shuffling documents place by place gives on average; words that no other document reaches do
    not count.
    """
    there = np.isfinite(own) & np.isfinite(other)
    a, b = np.where(there, own, np.nan), np.where(there, other, np.nan)
    count = there.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        elsewhere = (np.nansum(b, axis=0) - b) / (count - 1)
    centred = (a - np.nanmean(a)) * (elsewhere - np.nanmean(b))
    spread = float(np.nanstd(a) * np.nanstd(b))
    kept = np.isfinite(centred)
    return float(centred[kept].sum() / there.sum() / spread) if spread else float("nan")


def _beyond(own: Reals, other: Reals) -> float:
    return float(correlation(sums(own, other).sum(0))) - through_position(own, other)


def _excess(own: Reals, rotated: Reals, chosen: Bools) -> float:
    return float(correlation(own[chosen].sum(0))) - _rotated(rotated, chosen)


def _rotated(sums_of_draws: Reals, chosen: Bools) -> float:
    return float(correlation(sums_of_draws[:, chosen].sum(1)).mean())


def _with_words(found: list[OnTest]) -> Bools:
    """Documents of the test half with words that are compared."""
    kept = np.any([np.isfinite(each.own).any(1) for each in found], axis=0)
    if not kept.any():
        raise CannotTell("no document of the test half is common to both models")
    return kept


def _clusters(pairs: tuple[Pair, ...], kept: Bools, scores: Scores) -> list[str]:
    every = pairs[0].other.clusters(scores)
    return [name for name, there in zip(every, kept, strict=True) if there]


def _moved(
    pairs: tuple[Pair, ...], scores: Scores, floor_of: Callable[[AnyRequest], float]
) -> float:
    floor = floor_of(pairs[0].of.request(scores))
    own = on_test(pairs[0], scores).own
    return floor / max(float(np.nanstd(own)), 1e-12)
