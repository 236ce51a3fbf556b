"""How well an explanation fits on the test half, and how much better than controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.explaining.counts import (
    Counts,
    arctanh,
    balanced_accuracy,
    correlation,
    outcomes,
    sums,
)
from circuit_assert.claims.explaining.halves import Explained, Others
from circuit_assert.claims.quantities import (
    CannotTell,
    DoesNotApply,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
)
from circuit_assert.claims.single_features.activity import Reals
from circuit_assert.claims.single_features.halves import Bools, half
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Which
from circuit_assert.stats.rank import rank_guard

Band: TypeAlias = Literal["weakest", "middle", "strongest"]
BANDS: tuple[Band, ...] = ("weakest", "middle", "strongest")
SAID = 0.5  # above it the explanation says that the component is active
_HIGH = 0.95  # of the other features, what the explanation has to do better than
_SHIFTS = 999


@dataclass(frozen=True)
class Fit(Statistic):
    """Balanced accuracy of an explanation on the test half, jackknifed over documents.

    The mean of recall (the share of active positions said to be) and specificity (the share of
    inactive ones said to be), all documents' positions together. Where no document has a wrong
    prediction, the outcome of a document is that it has none, and its bound is a binary outcome's.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(  # pyright: ignore[reportIncompatibleMethodOverride] - without errors, outcomes
        self, scores: Scores
    ) -> MeasuredStatistic | Measured:
        """The accuracy over any subset of the documents.

        Raises:
            CannotTell: when a kind of position is missing.
        """
        counts, clusters = self._counts(scores), _clusters(self.of, scores)
        _require_both(counts.sum(0), self.of, scores)
        notes = tuple(_notes(self.of, counts, scores))
        if (counts[:, 0] == counts[:, 1]).all() and (counts[:, 2] == counts[:, 3]).all():
            kept = tuple(range(len(counts)))
            perfect = "no wrong prediction: documents without one are counted"
            return Measured(
                np.ones(len(counts)), {"document": clusters}, kept, True, (*notes, perfect)
            )
        return MeasuredStatistic(
            lambda chosen: float(balanced_accuracy(counts[chosen].sum(0))), clusters, notes
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far it moves when the activations nearest the threshold change sides."""
        return _flips(self.of, scores, floor_of)

    def _counts(self, scores: Scores) -> Counts:
        return outcomes(*_kinds(self.of, scores))


@dataclass(frozen=True)
class Recall(Quantity):
    """The share of positions in a third of its activity that are said to be active.

    With b a document's such positions and a those of them said to be active, its number is
    r + (a − r·b) / mean b: their mean is the share of all, and above r on average exactly where
    that is. Documents without any are left out.

    Args:
        of: The feature and its explanation.
        band: The third, as the discovery half parts them.
        against: r.
    """

    of: Explained
    band: Band
    against: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document.

        Raises:
            CannotTell: when none has such positions.
        """
        active, called, _ = _kinds(self.of, scores)
        there = active & _in_band(self.of, self.band, scores)
        hits, counts = ((kind.sum(-1).astype(float)) for kind in (there & called, there))
        if not counts.any():
            raise CannotTell(
                f"{self.of.feature} has no activation in the {self.band} third on the test half"
            )
        values = self.against + (hits - self.against * counts) / counts[counts > 0].mean()
        prompts = scores.tokenized(half(self.of.on, "test"))
        every = Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))
        note = f"{int(hits.sum())} of {int(counts.sum())} positions"
        return every.keeping(counts > 0, note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As of the accuracy, of which it is a third of a half."""
        return 6 * _flips(self.of, scores, floor_of)


@dataclass(frozen=True)
class BeyondOthers(Statistic):
    """Balanced accuracy, or arctanh r, minus the 95th percentile of it for other features.

    Args:
        of: The feature and its explanation.
        how: Which of both.
    """

    of: Explained
    how: Literal["accuracy", "correlation"] = "accuracy"

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Everyone's activations."""
        return Others(self.of).needs(scores)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The difference over any subset of the documents."""
        clusters, others = _clusters(self.of, scores), Others(self.of)
        if self.how == "accuracy":
            active, called, inactive = _kinds(self.of, scores)
            own = outcomes(active, called, inactive)
            theirs = others.active(scores)
            known = np.isfinite(others.values(scores))
            peers = outcomes(theirs, called[None], known & ~theirs)
            value = balanced_accuracy
        else:
            says = self.of.says(scores)
            own = sums(says, self.of.values(scores, "test"))
            peers = sums(says[None], others.values(scores))
            value = _arctanhs

        def high(chosen: Bools) -> float:
            found = value(peers[:, chosen].sum(1))
            found = found[np.isfinite(found)]
            return float(np.quantile(found, _HIGH)) if found.size else float("nan")

        best = high(np.ones(len(clusters), np.bool_))
        return MeasuredStatistic(
            lambda chosen: float(value(own[chosen].sum(0))) - high(chosen),
            clusters,
            (f"{len(peers)} others, 95th percentile {best:.3g}",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the feature's own."""
        return _flips(self.of, scores, floor_of) if self.how == "accuracy" else 0.0


@dataclass(frozen=True)
class BeyondOneToken(Statistic):
    """Balanced accuracy minus that of the one token that predicts best on the discovery half.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The difference over any subset of the documents.

        Raises:
            DoesNotApply: when the explanation says the same as the token.
        """
        active, called, inactive = _kinds(self.of, scores)
        token = _best_token(self.of, scores)
        trivial = self.of.tokens(scores, "test") == token
        piece = scores.weights.tokenizer.piece(token)
        if (trivial == called)[active | inactive].all():
            raise DoesNotApply(f"the explanation is that of one token, {piece!r}")
        own, other = (outcomes(active, c, inactive) for c in (called, trivial))
        alone = float(balanced_accuracy(other.sum(0)))
        return MeasuredStatistic(
            lambda chosen: float(
                balanced_accuracy(own[chosen].sum(0)) - balanced_accuracy(other[chosen].sum(0))
            ),
            _clusters(self.of, scores),
            (f"the token {piece!r} alone: {alone:.3g}",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """Twice that of one accuracy."""
        return 2 * _flips(self.of, scores, floor_of)


@dataclass(frozen=True)
class AmongAlike(Statistic):
    """Of positions said to be active, with a token that somewhere is, the share that are.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The share over any subset of the documents.

        Raises:
            DoesNotApply: when no such position is wrongly said to be active.
        """
        active, called, inactive = _kinds(self.of, scores)
        halves: tuple[Which, Which] = ("discovery", "test")
        seen = [self.of.tokens(scores, w)[self.of.active(scores, w)] for w in halves]
        alike = np.isin(self.of.tokens(scores, "test"), np.unique(np.concatenate(seen)))
        hits, wrong = ((kind & called & alike).sum(-1).astype(float) for kind in (active, inactive))
        if not wrong.any():
            raise DoesNotApply("no token that is active somewhere is wrongly said to be elsewhere")
        note = f"{int(hits.sum())} rightly, {int(wrong.sum())} wrongly"
        return MeasuredStatistic(
            lambda chosen: float(hits[chosen].sum() / (hits + wrong)[chosen].sum()),
            _clusters(self.of, scores),
            (note,),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As of the accuracy."""
        return _flips(self.of, scores, floor_of)


@dataclass(frozen=True)
class Simulation(Statistic):
    """arctanh of Pearson's r of what is predicted with activations, all positions together.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The correlation over any subset of the documents.

        Raises:
            CannotTell: when what is predicted, or the activation, is constant.
        """
        found = sums(self.of.says(scores), self.of.values(scores, "test"))
        r = float(correlation(found.sum(0)))
        if not np.isfinite(r):
            raise CannotTell(f"{self.of.explanation} or {self.of.feature} is constant")
        return MeasuredStatistic(
            lambda chosen: arctanh(float(correlation(found[chosen].sum(0)))),
            _clusters(self.of, scores),
            (f"r = {r:.3g} over {int(found[:, 0].sum())} positions",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far r moves at most when activations do by so much."""
        floor = floor_of(self.of.request(scores))
        return floor / max(float(np.nanstd(self.of.values(scores, "test"))), 1e-12)


@dataclass(frozen=True)
class BeatsShifts(Question):
    """Whether it fits better than with activations shifted along the documents laid end to end.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.needs(scores)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among 999 shifts, or more where α needs more."""
        try:
            active, called, inactive = _kinds(self.of, scores)
        except CannotTell as reason:
            return Found(None, str(reason))
        known = active | inactive
        there, said = active[known], called[known]
        count = max(_SHIFTS, int(np.ceil(1 / alpha)) - 1)
        offsets = np.random.default_rng(0).integers(1, len(there), count)
        own = _agreement(there, said)
        shifted = [_agreement(np.roll(there, int(offset)), said) for offset in offsets]
        guard = rank_guard("", own, shifted, alpha=alpha, reason="not beyond chance")
        words = f"balanced accuracy {own:.3g}, of {count} shifts at most {max(shifted):.3g}"
        return Found(guard.passed, words, p_value=guard.p_value, effect=own, notes=(words,))


def _kinds(of: Explained, scores: Scores) -> tuple[Bools, Bools, Bools]:
    """On the test half where it is active, where it is said to be, where it is not active."""
    active = of.active(scores, "test")
    known = np.isfinite(of.values(scores, "test"))
    with np.errstate(invalid="ignore"):
        return active, of.says(scores) > SAID, known & ~active


def _in_band(of: Explained, band: Band, scores: Scores) -> Bools:
    values, (low, high) = of.values(scores, "test"), of.bands(scores)
    with np.errstate(invalid="ignore"):
        chosen = {
            "weakest": values <= low,
            "middle": (values > low) & (values <= high),
            "strongest": values > high,
        }
    return chosen[band]


def _clusters(of: Explained, scores: Scores) -> Sequence[str]:
    return next(iter(scores.tokenized(half(of.on, "test")).clusters.values()))


def _require_both(total: Counts, of: Explained, scores: Scores) -> None:
    if not total[1]:
        raise CannotTell(f"{of.feature} is nowhere active on the test half of {of.on.name}")
    if not total[3]:
        raise CannotTell(f"{of.feature} is active everywhere on the test half of {of.on.name}")
    says = of.says(scores)
    said = says[np.isfinite(says)] > SAID
    if said.all() or not said.any():
        everywhere = "everywhere" if said.all() else "nowhere"
        raise CannotTell(
            f"{of.explanation} says that it is active {everywhere}, which tells nothing"
        )


def _notes(of: Explained, counts: Counts, scores: Scores) -> list[str]:
    total = counts.sum(0)
    each = balanced_accuracy(counts)
    both = np.isfinite(each)
    r = float(correlation(sums(of.says(scores), of.values(scores, "test")).sum(0)))
    by_document = f"{each[both].mean():.3g}" if both.any() else "none"
    return [
        f"recall {total[0] / total[1]:.3g} of {int(total[1])} active positions, specificity "
        f"{total[2] / total[3]:.3g} of {int(total[3])} others; r = {r:.3g}",
        f"averaged by document: {by_document}, over {int(both.sum())} with both kinds of position; "
        f"{int((~both).sum())} without say nothing",
        f"active above {of.threshold(scores):.3g}; thirds part at "
        + " and ".join(f"{edge:.3g}" for edge in of.bands(scores)),
    ]


def _best_token(of: Explained, scores: Scores) -> int:
    """The token whose presence alone gives the best balanced accuracy on the discovery half."""
    active, tokens = of.active(scores, "discovery"), of.tokens(scores, "discovery")
    size = int(tokens.max()) + 1
    there = np.bincount(tokens[active], minlength=size)
    elsewhere = np.bincount(tokens[(tokens >= 0) & ~active], minlength=size)
    return int(np.argmax(there / max(there.sum(), 1) - elsewhere / max(elsewhere.sum(), 1)))


def _agreement(active: Bools, called: Bools) -> float:
    hits, n, m = int((active & called).sum()), int(active.sum()), int(called.sum())
    if not 0 < n < len(active):
        return 0.5
    return (hits / n + 1 - (m - hits) / (len(active) - n)) / 2


def _flips(of: Explained, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
    floor = floor_of(of.request(scores))
    if not floor:
        return 0.0
    values, active = of.values(scores, "test"), of.active(scores, "test")
    with np.errstate(invalid="ignore"):
        close = np.abs(values - of.threshold(scores)) <= floor
    exact = close & ~active & (values == 0)  # what a rectifier cut off is not close to it
    return int((close & ~exact).sum()) / max(int(active.sum()), 1) / 2


def _arctanhs(total: Counts) -> Reals:
    r = correlation(total)
    return np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
