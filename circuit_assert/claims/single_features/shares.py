"""Which share of the positions where one thing is so another is, documents being the clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, remembered
from circuit_assert.claims.single_features.activity import FIRST, Activity, Reals
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.labels import Label

Bools = npt.NDArray[np.bool_]
Third: TypeAlias = Literal["lowest", "middle", "highest"]
THIRDS: tuple[Third, ...] = ("lowest", "middle", "highest")


@dataclass(frozen=True)
class Labelled:
    """A feature on documents whose tokens have a label or not.

    Args:
        activity: The feature on them.
        label: The label.
    """

    activity: Activity
    label: Label

    @remembered
    def labels(self, scores: Scores) -> Reals:
        """1 or 0 at every position, NaN where it cannot be said and where there is no token."""
        prompts = scores.tokenized(self.activity.on)
        rows = self.label.rows(prompts, scores.weights.tokenizer)
        found = np.full((len(rows), max(map(len, rows))), np.nan)
        for unit, row in enumerate(rows):
            found[unit, : len(row)] = row
        found[:, :FIRST] = np.nan
        return found

    def known(self, scores: Scores) -> Bools:
        """Positions of which the label is known."""
        return np.isfinite(self.labels(scores))

    def active(self, scores: Scores) -> Bools:
        """Positions where the feature is active, of which the label is known."""
        return self.activity.active(scores) & self.known(scores)

    def unknown_share(self, scores: Scores) -> float:
        """Of the positions where it is active, the share whose label is not known."""
        active = self.activity.active(scores)
        return float((active & ~self.known(scores)).sum() / active.sum())

    def third(self, scores: Scores, third: Third) -> Bools:
        """Active positions in a third of the range from the smallest activation to the largest.

        Of the range, not of the positions: which positions are the lowest third of all depends on
        what else is active, so that thirds of positions move with the sample (14 false supports of
        60 at a bound, simulated).

        Raises:
            CannotTell: when there is none.
        """
        active, values = self.active(scores), self.activity.values(scores)
        there = values[active]
        if not there.size:
            raise CannotTell(
                f"{self.activity.feature} is active nowhere that {self.label} is known"
            )
        low, high = np.interp([1 / 3, 2 / 3], [0, 1], [there.min(), there.max()])
        chosen = {
            "lowest": active & (values <= low),
            "middle": active & (values > low) & (values <= high),
            "highest": active & (values > high),
        }[third]
        if not chosen.any():
            raise CannotTell(f"no activation is in the {third} third of their range")
        return chosen


@dataclass(frozen=True)
class ShareOfPositions(Quantity):
    """Precision or recall: a share of positions, tested as a − r·b for each document.

    With b the positions of one kind in a document and a those of them that are of another kind
    too, a document's number is r + (a − r·b) / mean b. Their mean is the ratio of all a to all b;
    they lie above r on average exactly where that does. Documents without b are left out.

    Args:
        of: The feature and the label.
        share: "precision": of the active positions, those with the label. "recall": of those with
            the label, the active ones.
        against: r.
        third: For precision, of which third of the activations.
        beyond_shuffled: Take off what it would be with labels shuffled over documents.
    """

    of: Labelled
    share: Literal["precision", "recall"]
    against: float
    third: Third | None = None
    beyond_shuffled: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations."""
        return self.of.activity.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """A number for each document that has positions of the first kind."""
        both, whole, everywhere = self._positions(scores)
        prompts = scores.tokenized(self.of.activity.on)
        counts, hits = whole.sum(1).astype(float), both.sum(1).astype(float)
        if not counts.any():
            raise CannotTell(f"{self.of.activity.on.name} has no token of {self.of.label}")
        against = np.full(len(counts), self.against)
        if self.beyond_shuffled:
            against = against + rate_elsewhere(everywhere, self.of.known(scores))
        excess = (hits - against * counts) / counts[counts > 0].mean()
        values = self.against + excess
        every = Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))
        note = (
            f"{int(hits.sum())} of {int(counts.sum())} positions in {(counts > 0).sum()} documents"
        )
        return every.keeping(counts > 0, note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far it moves when the activations nearest the threshold change sides."""
        floor = floor_of(self.of.activity.request(scores))
        if not floor:
            return 0.0
        values, active = self.of.activity.values(scores), self.of.activity.active(scores)
        least = float(values[active].min())
        unsure = np.abs(values - least) <= floor
        _, whole, _ = self._positions(scores)
        close = int((unsure & active & ~(values == least)).sum())
        return close / max(int(whole.sum()), 1)

    def _positions(self, scores: Scores) -> tuple[Bools, Bools, Bools]:
        """Positions of both kinds; of the first; and of the second, everywhere."""
        labelled = self.of.labels(scores) == 1
        if self.share == "precision":
            whole = self.of.third(scores, self.third) if self.third else self.of.active(scores)
            return whole & labelled, whole, labelled
        active = self.of.active(scores)
        return labelled & active, labelled, active


def rate_elsewhere(chosen: Bools, known: Bools) -> Reals:
    """Of each unit, the share of chosen positions in all other units: `[unit]`."""
    hits, counts = (chosen & known).sum(1), known.sum(1)
    others = np.maximum(counts.sum() - counts, 1)
    return (hits.sum() - hits) / others
