"""How active a feature is, position by position, wherever it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.components import Direction, Latent, Neuron, Site, Subject, Vector
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.interventions import AddAtPositions
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import FeatureActivations, Readable, written_by
from circuit_assert.prompts.base import Ints, Prompts

Feature: TypeAlias = Neuron | Latent | Vector | Direction
Reals = npt.NDArray[np.float64]
FIRST = 1  # the first position is an attention sink, whose activations are like no other's


def one_feature(subject: Subject, claim: str) -> Feature:
    """The single feature that a claim is about.

    Raises:
        ComponentError: when there are several, or it is a head or an MLP.
    """
    if len(subject.components) == 1 and isinstance(subject.components[0], Feature):
        return subject.components[0]
    raise ComponentError(
        f"{claim} is about one feature: a latent, model.with_dictionary(…)['L9F5617']; a neuron; "
        f"model.direction(…); or model.vector(…). Got {subject!r}."
    )


@dataclass(frozen=True)
class Activity:
    """A feature on documents.

    What counts as its activation: a latent's own; a neuron's where it is above zero, of a gated
    MLP its size, as its sign says nothing; a vector's projection beyond its origin; of a direction
    between two prompt sets, the projection beyond the middle between them.

    Args:
        feature: The feature.
        on: The documents.
        level: Activations up to this share of the largest do not count.
        share: Of a vector, at how many of all positions it is to be active, instead of an origin.
    """

    feature: Feature
    on: Prompts
    level: float = 0.0
    share: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.level < 1:
            raise ClaimError(f"level is a share of the largest activation; got {self.level:g}.")

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What a direction is made of; then the activations."""
        first = self._ends()
        if any(request not in scores for request in first):
            return first
        return (*first, self.request(scores))

    def request(self, scores: Scores) -> Request:
        """Its activations, as they are measured."""
        return Request(FeatureActivations(self.readable(scores)), self.on)

    @remembered
    def readable(self, scores: Scores) -> Readable:
        """The feature; a direction as a vector, its origin in the middle."""
        if not isinstance(self.feature, Direction):
            return self.feature
        toward, away = (scores[each].astype(np.float64).mean(0) for each in self._ends())
        difference = toward - away
        middle = (toward + away) / 2 @ (difference / np.linalg.norm(difference))
        name = f"{self.feature.toward.name} − {self.feature.away.name}"
        numbers = tuple(map(float, difference))
        return Vector(self.feature.site, name, numbers, float(middle))

    @remembered
    def amounts(self, scores: Scores) -> Reals:
        """What there is to take out, with its sign: `[unit, pos]`; NaN first and after the last."""
        feature = self.readable(scores)
        found = scores[self.request(scores)].astype(np.float64)
        found[:, :FIRST] = np.nan
        match feature:
            case Neuron():
                return found if scores.weights.has_gated_mlps else np.maximum(found, 0.0)
            case Latent():
                return found
            case Vector(origin=origin):
                if self.share is not None:
                    origin = float(np.nanquantile(found, 1 - self.share))
                return np.maximum(found - origin, 0.0)

    @remembered
    def values(self, scores: Scores) -> Reals:
        """Activations, none below zero: `[unit, pos]`; NaN first and after the last."""
        return np.abs(self.amounts(scores))

    def active(self, scores: Scores) -> npt.NDArray[np.bool_]:
        """Where it counts as active: `[unit, pos]`.

        Raises:
            CannotTell: when it never is.
        """
        values = self.values(scores)
        largest = float(np.nanmax(values, initial=0.0))
        if not largest > 0:
            raise CannotTell(
                f"{self.feature} is never active on {self.on.name}: give on= documents on which it "
                f"is"
            )
        return values > self.level * largest

    def frequency(self, scores: Scores) -> float:
        """At which share of positions it is active."""
        values = self.values(scores)
        return float((values > 0).sum() / np.isfinite(values).sum())

    def site(self, scores: Scores) -> Site:
        """Where it is written."""
        feature = self.readable(scores)
        return feature.dictionary.writes if isinstance(feature, Latent) else feature.site

    def vector(self, scores: Scores) -> npt.NDArray[np.floating]:
        """What an activation of 1 writes there: `[width of the site]`."""
        feature = self.readable(scores)
        if isinstance(feature, Neuron):
            return np.eye(1, scores.weights.card.d_mlp, feature.neuron, dtype=np.float32)[0]
        return written_by(feature, scores.weights).cpu().numpy()

    def taken_out(self, scores: Scores, *, control: bool = False) -> AddAtPositions:
        """Its part of the activation taken away where it is active, the rest left as it is.

        The activation x becomes x − a·d: what a dictionary does not explain stays in it.
        """
        where = np.argwhere(self.active(scores))
        amounts = -self.amounts(scores)[where[:, 0], where[:, 1]]
        key = f"−a·d of {self.identity(scores)}"
        return self._added(scores, where, amounts, key=key, control=control)

    def put_in(
        self, scores: Scores, where: Ints, amount: float, *, control: bool = False
    ) -> AddAtPositions:
        """So much of it added at positions `[n, 2]`."""
        key = f"{amount:+.6g}·d of {self.identity(scores)}"
        return self._added(scores, where, np.full(len(where), amount), key=key, control=control)

    def identity(self, scores: Scores) -> str:
        """What tells it from other features, on other documents or at other levels."""
        feature = self.readable(scores)
        said = feature.identity if isinstance(feature, Latent | Vector) else str(feature)
        return f"{said} on {self.on.fingerprint} above {self.level:g} share {self.share}"

    def _added(
        self, scores: Scores, where: Ints, amounts: Reals, *, key: str, control: bool
    ) -> AddAtPositions:
        vector = self.vector(scores)
        return AddAtPositions(self.site(scores), vector, where, amounts, key, control)

    def _ends(self) -> tuple[Request, ...]:
        if not isinstance(self.feature, Direction):
            return ()
        ends = (self.feature.toward, self.feature.away)
        return tuple(
            Request(Residual(self.feature.site), end) for end in ends if isinstance(end, Prompts)
        )
