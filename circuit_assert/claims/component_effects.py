"""What doing something to components changes, and how that compares with their peers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.peers import LEAST, peer_sets, peers_need
from circuit_assert.claims.quantities import (
    Absolute,
    CannotTell,
    DoesNotApply,
    Mean,
    Measured,
    Pick,
    Quantity,
    Score,
)
from circuit_assert.components import Component, Head, Subject
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import Measurement, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import discovery_ids
from circuit_assert.stats.region import above

_DRAWS = 10


def beats_peers(subject: Subject, effect: ComponentEffect, by: float, unit: str) -> Criterion:
    """The guard that the subject does more than components like it do.

    Args:
        subject: The subject.
        effect: Its effect.
        by: The claim's bound, which a peer must fail.
        unit: Of the effect.
    """
    return Criterion(
        "specific",
        PeerContrast(effect, by),
        above(0.0),
        "its effect minus the mean absolute effect of its peers",
        unit,
        subject.model,
    )


class ComponentEffect(Quantity):
    """What doing something to some components changes, unit by unit."""

    on: Prompts

    @property
    @abstractmethod
    def components(self) -> tuple[Component, ...]:
        """The components."""

    @property
    def apart_from(self) -> tuple[Component, ...]:
        """Components that cannot be peers of its own."""
        return ()

    @abstractmethod
    def of(self, components: tuple[Component, ...]) -> Self:
        """The effect of doing the same to others."""

    def meets(self, by: float, chosen: npt.NDArray[np.bool_], scores: Scores) -> bool:
        """Whether it is above a bound on the mean of some units: then it is no peer's."""
        return bool(self.measured(scores).values[chosen].mean() > by)


class ChangeOfScores(ComponentEffect):
    """An effect that is a difference of scores, with something done to the components or not."""

    @abstractmethod
    def _difference(self) -> Quantity:
        """The difference."""

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores with and without what is done."""
        return self._difference().needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The change, unit by unit."""
        return self._difference().measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the noisiest score."""
        return self._difference().noise(scores, floor_of)


@dataclass(frozen=True)
class Effect(ChangeOfScores):
    """A score without an ablation minus the score with it; over ten donors for "resample".

    Args:
        metric: What is scored.
        on: The prompts.
        how: The ablation.
        rises: Whether it is counted as a rise, the score with it minus the score without.
    """

    metric: Measurement
    on: Prompts
    how: Ablation
    rises: bool = False

    @property
    def components(self) -> tuple[Component, ...]:
        """What is ablated."""
        return self.how.components

    def of(self, components: tuple[Component, ...]) -> Effect:
        """The effect of ablating other components in the same way."""
        return replace(self, how=replace(self.how, components=components))

    def _difference(self) -> Quantity:
        clean, without = (
            Score(Request(self.metric, self.on)),
            ablated(self.metric, self.on, self.how),
        )
        return without - clean if self.rises else clean - without


def ablated(metric: Measurement, on: Prompts, how: Ablation, pick: Pick = ()) -> Quantity:
    """A score under an ablation; its mean over ten donors for "resample".

    Args:
        metric: What is scored.
        on: The prompts.
        how: The ablation.
        pick: Which column of a wide measurement.
    """
    draws = range(_DRAWS if how.how == "resample" else 1)
    under = (replace(how, draw=draw) for draw in draws)
    return Mean(tuple(Score(Request(metric, on, "clean", each), pick) for each in under))


@dataclass(frozen=True)
class FrozenScaleEffect(Quantity):
    """The same effect with each post-attention norm's scale as in the clean run.

    Args:
        effect: The effect.
    """

    effect: Effect

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores under the frozen ablation, in models that have such norms."""
        return self._frozen().needs(scores) if self._applies(scores) else ()

    def measured(self, scores: Scores) -> Measured:
        """The drop, unit by unit."""
        if not self._applies(scores):
            raise DoesNotApply("no head here shares a post-attention norm with its layer-mates")
        return self._frozen().measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As that of the effect."""
        return self._frozen().noise(scores, floor_of)

    def _applies(self, scores: Scores) -> bool:
        has_heads = any(isinstance(c, Head) for c in self.effect.how.components)
        return has_heads and scores.weights.has_post_norms

    def _frozen(self) -> Effect:
        return replace(self.effect, how=replace(self.effect.how, frozen_scale=True))


@dataclass(frozen=True)
class PeerContrast(Quantity):
    """A subject's effect minus the mean absolute effect of its peers, on the test half.

    Peers are heads of neighbouring layers (neurons of the layer, …) that write about as much and
    whose own effect, on the discovery half of the clusters, is not above the bound.

    Args:
        effect: The subject's effect.
        by: The claim's bound, which a peer must fail.
    """

    effect: ComponentEffect
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the peers; then their effects."""
        telling = peers_need(self.effect.components, self.effect.on, scores)
        if any(request not in scores for request in telling):
            return telling
        try:
            sets = self._peer_sets(scores)
        except CannotTell:
            return telling
        effects = [self.effect, *(self.effect.of(peers) for peers in sets)]
        return [*telling, *(request for effect in effects for request in effect.needs(scores))]

    def measured(self, scores: Scores) -> Measured:
        """The contrast on the test half, unit by unit."""
        sets = self._peer_sets(scores)
        discovery = in_discovery(self.effect.measured(scores))
        failing = {peers: self.effect.of(peers) for peers in sets if self.fails(peers, scores)}
        if len(failing) < LEAST:
            raise CannotTell(
                f"only {len(failing)} of {len(sets)} peers do less than the claim's bound on the "
                f"discovery half; {LEAST} are needed"
            )
        sizes = Mean(tuple(Absolute(effect) for effect in failing.values()))
        names = ", ".join("+".join(map(str, members)) for members in failing)
        contrast = (self.effect - sizes).measured(scores)
        return contrast.keeping(~discovery, f"peers: {names}; measured on the test half")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the subject's effect; what chooses its peers moves no effect."""
        return self.effect.noise(scores, floor_of)

    def fails(self, peers: tuple[Component, ...], scores: Scores) -> bool:
        """Whether peers fail the claim on the discovery half, so that they are no such thing."""
        effect = self.effect.of(peers)
        return not effect.meets(self.by, in_discovery(effect.measured(scores)), scores)

    def _peer_sets(self, scores: Scores) -> list[tuple[Component, ...]]:
        effect = self.effect
        return peer_sets(effect.components, effect.on, scores, effect.apart_from)


def in_discovery(measured: Measured) -> npt.NDArray[np.bool_]:
    """Which units are of the discovery half of the clusters."""
    ids = np.array([str(i) for i in next(iter(measured.clusters.values()))])
    return np.isin(ids, list(discovery_ids(ids.tolist())))
