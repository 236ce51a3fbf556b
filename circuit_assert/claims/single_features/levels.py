"""How pure a neuron's activity is, level by level, each position counting by its activation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.explaining.halves import Others
from circuit_assert.claims.quantities import (
    CannotTell,
    Measured,
    Quantity,
    remembered,
)
from circuit_assert.claims.single_features.activity import FIRST, Feature, Reals
from circuit_assert.claims.single_features.halves import Bools, OnHalves, half
from circuit_assert.claims.single_features.shares import rate_elsewhere
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts, Which
from circuit_assert.prompts.labels import Label

_HIGH = 0.95  # of the other neurons, what it has to do better than
_TINY = 1e-30
_TOP = 20  # what the reading by its largest activations would look at


@dataclass(frozen=True)
class Meaning(OnHalves):
    """A feature on documents, and what it is said to mean.

    Its threshold, its polarity and its levels come from the discovery half of the documents; all
    else is of the test half.

    Args:
        feature: The feature.
        label: What it is said to mean.
        on: All documents.
        share: At which share of the discovery half's positions it counts as active; None for
            wherever its activation is above zero.
    """

    feature: Feature
    label: Label
    on: Prompts
    share: float | None = None

    @remembered
    def labels(self, scores: Scores) -> Reals:
        """1 or 0 at every position; NaN where it cannot be said and where there is no token."""
        return self.labels_on(scores, "test")

    def labels_on(self, scores: Scores, which: Which) -> Reals:
        """The same on either half."""
        found = np.full(self.values(scores, which).shape, np.nan)
        prompts = scores.tokenized(half(self.on, which))
        for unit, row in enumerate(self.label.rows(prompts, scores.weights.tokenizer)):
            found[unit, : len(row)] = row
        found[:, :FIRST] = np.nan
        return found

    def known(self, scores: Scores) -> Bools:
        """Positions of which the label is known."""
        return np.isfinite(self.labels(scores))

    def weights(self, scores: Scores) -> Reals:
        """Activations where it is active and the label known, 0 elsewhere: `[unit, pos]`."""
        counted = self.active(scores, "test") & self.known(scores)
        return np.where(counted, self.values(scores, "test"), 0.0)

    def at_level(self, scores: Scores, level: int, levels: int) -> Reals:
        """The same at one level: 1, the weakest, to `levels`, as the discovery half parts them."""
        weights = self.weights(scores)
        edges = (0.0, *self.bands(scores, levels), np.inf)
        return np.where((weights > edges[level - 1]) & (weights <= edges[level]), weights, 0.0)

    def measured(self, hits: Reals, counts: Reals, against: float, scores: Scores) -> Measured:
        """One number for each document that counts: r + (a − r·b) / mean b, of a and b given.

        Their mean is the ratio of all a to all b; they lie above r on average where that does.
        """
        there = counts > 0
        prompts = scores.tokenized(half(self.on, "test"))
        values = against + (hits - against * counts) / counts[there].mean()
        every = Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))
        return every.keeping(there)


@dataclass(frozen=True)
class WeightedPrecision(Quantity):
    """Of its activation at one level on the test half, the share at positions with the label.

    Args:
        of: The neuron and its meaning.
        level: Which, from 1, the weakest.
        levels: Of how many, each as many positions of the discovery half.
        against: r, at which the claim's region ends.
    """

    of: Meaning
    level: int
    levels: int
    against: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document that has positions at the level.

        Raises:
            CannotTell: when none has.
        """
        there, labelled = self.of.at_level(scores, self.level, self.levels), self._labelled(scores)
        counts, hits = there.sum(1), (there * labelled).sum(1)
        if not counts.any():
            raise CannotTell(
                f"{self.of.feature} has no activation at level {self.level} on the test half"
            )
        positions = there > 0
        note = (
            f"{int((positions & labelled).sum())} of {int(positions.sum())} positions in "
            f"{int((counts > 0).sum())} documents"
        )
        found = self.of.measured(hits, counts, self.against, scores).with_note(note)
        return found.with_note(self._top(scores)) if self.level == self.levels else found

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far it moves when activations do by a floor, those at an edge changing levels."""
        floor = floor_of(self.of.request(scores))
        if not floor:
            return 0.0
        there = self.of.at_level(scores, self.level, self.levels)
        weights, edges = self.of.weights(scores), self.of.bands(scores, self.levels)
        lower, upper = (self.of.threshold(scores), *edges, np.inf)[self.level - 1 : self.level + 1]
        close = (np.abs(weights - lower) <= floor) | (np.abs(weights - upper) <= floor)
        moved = np.where(close & (weights > 0), weights, 0.0)
        stays = np.where(close, 0.0, there)
        labelled = self._labelled(scores)
        (hits, unsure), (misses, unsure_misses) = (
            (float(stays[kind].sum()), float(moved[kind].sum())) for kind in (labelled, ~labelled)
        )
        own = float(there[labelled].sum() / there.sum())
        most = (hits + unsure) / max(hits + unsure + misses, _TINY)
        least = hits / max(hits + misses + unsure_misses, _TINY)
        return max(most - own, own - least) + floor * int((there > 0).sum()) / float(there.sum())

    def _labelled(self, scores: Scores) -> Bools:
        return self.of.labels(scores) == 1

    def _top(self, scores: Scores) -> str:
        order = np.argsort(self.of.weights(scores), axis=None)[::-1][:_TOP]
        hits = int(self._labelled(scores).ravel()[order].sum())
        return f"of its {len(order)} largest activations {hits} have the label"


@dataclass(frozen=True)
class BeyondShuffledLabels(Quantity):
    """The same at all levels together, minus what it would be with other documents' labels.

    Args:
        of: The neuron and its meaning.
    """

    of: Meaning

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document where it is active."""
        weights, labelled = self.of.weights(scores), self.of.labels(scores) == 1
        elsewhere = rate_elsewhere(labelled, self.of.known(scores))
        counts = weights.sum(1)
        return self.of.measured(
            (weights * labelled).sum(1) - elsewhere * counts, counts, 0.0, scores
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As of one level that has everything."""
        return WeightedPrecision(self.of, 1, 1, 0.0).noise(scores, floor_of)


@dataclass(frozen=True)
class Counted(Quantity):
    """Of the squares of its activations on the test half, the share where it counts as active.

    What is written is the activation times a vector, so that squares say how much of the length
    of all that it writes is looked at. The other sign of a gated neuron counts among the rest.

    Args:
        of: The neuron and its meaning.
        against: r, at which the region ends.
    """

    of: Meaning
    against: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document in which it is not silent."""
        squares = np.nan_to_num(self.of.values(scores, "test") ** 2)
        counted = np.where(self.of.active(scores, "test"), squares, 0.0)
        return self.of.measured(counted.sum(1), squares.sum(1), self.against, scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As of one level that has everything, twice: of squares."""
        return 2 * WeightedPrecision(self.of, 1, 1, 0.0).noise(scores, floor_of)


@dataclass(frozen=True)
class BeyondNeurons(Quantity):
    """The weighted precision of all levels together, minus that which few other neurons exceed.

    That is the 95th percentile of theirs on the discovery half: a number, beyond which the
    neuron's own is judged on the test half.

    Args:
        of: The neuron and its meaning.
    """

    of: Meaning

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Everyone's activations."""
        return Others(self.of).needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document where it is active.

        Raises:
            CannotTell: when there are too few others.
        """
        others = self._precisions(scores)
        high = float(np.quantile(others, _HIGH))
        weights, labelled = self.of.weights(scores), self.of.labels(scores) == 1
        counts = weights.sum(1)
        if not counts.any():
            raise CannotTell(f"{self.of.feature} is nowhere active on the test half")
        found = self.of.measured((weights * labelled).sum(1) - high * counts, counts, 0.0, scores)
        own = float((weights * labelled).sum() / counts.sum())
        return found.with_note(f"{own:.3g}; {len(others)} others, 95th percentile {high:.3g}")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of its own."""
        return WeightedPrecision(self.of, 1, 1, 0.0).noise(scores, floor_of)

    @remembered
    def _precisions(self, scores: Scores) -> Reals:
        others = Others(self.of)
        labels = self.of.labels_on(scores, "discovery")
        counted = others.active_on(scores, "discovery") & np.isfinite(labels)
        theirs = np.where(counted, np.abs(others.values_on(scores, "discovery")), 0.0)
        counts = theirs.sum((1, 2))
        return (theirs * (labels == 1)).sum((1, 2))[counts > 0] / counts[counts > 0]
