"""In which prefixes more of something is written with a feature added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, Score
from circuit_assert.claims.single_features.activity import Reals
from circuit_assert.claims.single_features.shares import Bools
from circuit_assert.claims.steering.steered import EACH, Steered
from circuit_assert.measurements import Loss, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.continuations import texts_of
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.scorers import Scorer, distinct

DOSES = (0.0, 0.25, 0.5, 1.0)
VARIED = 0.5  # distinct-2 below which a continuation repeats itself and counts for nothing
_CONTRAST = np.array([-3.0, -1.0, 1.0, 3.0])
_ROUNDING = 1e-9
_LOSS = Loss(places=12)


@dataclass(frozen=True)
class Rise(Quantity):
    """Whether the share that a scorer counts rises by more than so much, prefix by prefix.

    Outcomes, as shares are often all 0 or all 1, where no error of a mean can be estimated.

    A continuation that repeats itself (fewer than half of its pairs of neighbouring tokens are
    different ones) has a share of 0, added to or not.

    Args:
        of: The feature and the prompts.
        output: The scorer.
        by: How much it has to rise.
        seed: What tokens are drawn with; None for the likeliest.
    """

    of: Steered
    output: Scorer
    by: float
    seed: int | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations; then what is written."""
        doses = (0.0, 1.0)
        return _then(
            self.of.needs(scores),
            scores,
            lambda: [self.of.written(scores, dose, self.seed) for dose in doses],
        )

    def measured(self, scores: Scores) -> Measured:
        """1 for a prefix where it does."""
        without, added = (self.of.written(scores, dose, self.seed) for dose in (0.0, 1.0))
        before, after = (shares(each, self.output, scores) for each in (without, added))
        texts = texts_of(scores[added][:2], scores.weights)
        varied = np.mean([distinct(row.astype(int).tolist()) for row in scores[added]])
        notes = (
            f"{before.mean():.3g} without and {after.mean():.3g} with it; distinct-2 {varied:.2f}",
            f"written with it: {' / '.join(map(repr, texts))}",
        )
        return _by_prefix(after - before > self.by, self.of, scores, notes)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None: which tokens are written is decided once."""
        return 0.0


@dataclass(frozen=True)
class ShareAt(Quantity):
    """The share of what is written that a scorer counts, prefix by prefix.

    Args:
        of: The feature and the prompts.
        output: The scorer.
        dose: How much of it is added, 1 being full strength.
    """

    of: Steered
    output: Scorer
    dose: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations; then what is written."""
        return _then(self.of.needs(scores), scores, lambda: [self.of.written(scores, self.dose)])

    def measured(self, scores: Scores) -> Measured:
        """One share a prefix."""
        counted = shares(self.of.written(scores, self.dose), self.output, scores)
        prompts = scores.tokenized(self.of.on)
        return Measured(counted, prompts.clusters, tuple(prompts.kept.tolist()))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None: which tokens are written is decided once."""
        return 0.0


@dataclass(frozen=True)
class DoseResponse(Quantity):
    """Whether the share rises with the dose: none, a quarter, half, all of it.

    Prefix by prefix, a linear contrast over the four above zero.

    Args:
        of: The feature and the prompts.
        output: The scorer.
    """

    of: Steered
    output: Scorer

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations; then what is written at each dose."""
        return _then(
            self.of.needs(scores),
            scores,
            lambda: [self.of.written(scores, dose) for dose in DOSES],
        )

    def measured(self, scores: Scores) -> Measured:
        """1 for a prefix where it does."""
        found = np.array(
            [shares(self.of.written(scores, dose), self.output, scores) for dose in DOSES]
        )
        said = ", ".join(f"{m:.2f} at {d:g}" for m, d in zip(found.mean(1), DOSES, strict=True))
        return _by_prefix(_CONTRAST @ found > _ROUNDING, self.of, scores, (said,))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None."""
        return 0.0


@dataclass(frozen=True)
class BeyondControls(Quantity):
    """Whether the share is larger by so much than its mean with controls of equal length added.

    Args:
        of: The feature and the prompts.
        output: The scorer.
        by: By how much.
    """

    of: Steered
    output: Scorer
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, what tells the controls; then what is written with each."""
        first = (*self.of.needs(scores), *self.of.first())
        return _then(
            first,
            scores,
            lambda: [
                self.of.written(scores, 1.0),
                *(self.of.controlled(scores, deal) for deal in range(EACH)),
            ],
        )

    def measured(self, scores: Scores) -> Measured:
        """1 for a prefix where it is."""
        own = shares(self.of.written(scores, 1.0), self.output, scores)
        dealt = [
            shares(self.of.controlled(scores, deal), self.output, scores) for deal in range(EACH)
        ]
        note = (
            f"{len(self.of.controls(scores))} controls, {EACH} to a prefix: {np.mean(dealt):.3g} "
            f"on average"
        )
        return _by_prefix(own - np.mean(dealt, axis=0) > self.by, self.of, scores, (note,))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None."""
        return 0.0


@dataclass(frozen=True)
class Harm(Quantity):
    """Nats lost on text that has nothing to do with it, the feature added at every position.

    Args:
        of: The feature.
        text: The text.
    """

    of: Steered
    text: Prompts

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations; then the losses."""
        return _then(self.of.needs(scores), scores, lambda: self._losses(scores))

    def measured(self, scores: Scores) -> Measured:
        """The rise of the loss, document by document."""
        clean, added = self._losses(scores)
        return (Score(added) - Score(clean)).measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses."""
        return max(floor_of(request) for request in self._losses(scores))

    def _losses(self, scores: Scores) -> tuple[Request, Request]:
        clean = Request(_LOSS, self.text)
        return clean, replace(clean, under=self.of.added_to(self.text, scores))


def _then(
    first: Iterable[AnyRequest], scores: Scores, more: Callable[[], Iterable[AnyRequest]]
) -> tuple[AnyRequest, ...]:
    """What is needed first; once it is there, what follows from it, if anything can."""
    known = tuple(first)
    if any(request not in scores for request in known):
        return known
    try:
        return (*known, *more())
    except CannotTell:  # said again where it is measured
        return known


def shares(request: WeightRequest, output: Scorer, scores: Scores) -> Reals:
    """What a scorer counts of each continuation; 0 for one that repeats itself: `[unit]`."""
    written = scores[request]
    counted = [distinct(row.astype(int).tolist()) >= VARIED for row in written]
    texts = texts_of(written, scores.weights)
    return np.array(
        [output.score(t) if c else 0.0 for t, c in zip(texts, counted, strict=True)], np.float64
    )


def _by_prefix(holds: Bools, of: Steered, scores: Scores, notes: tuple[str, ...]) -> Measured:
    """One outcome for each prefix."""
    prompts = scores.tokenized(of.on)
    kept, values = tuple(prompts.kept.tolist()), holds.astype(np.float64)
    note = f"in {int(holds.sum())} of {len(holds)} prefixes"
    return Measured(values, prompts.clusters, kept, True, (note, *notes))
