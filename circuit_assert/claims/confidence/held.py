"""What changes when a neuron is held where it is most active, against held at its mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, remembered
from circuit_assert.components import Neuron
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.distributions import AtTargets, Entropy, FinalScale
from circuit_assert.prompts.base import Ints, Prompts, Which
from circuit_assert.prompts.beginnings import Beginnings
from circuit_assert.prompts.halves import half_of

FIRST = 1  # the first position is an attention sink, whose activations are like no other's
PLACES = 8
_HIGH = 0.05  # of positions
_DOCUMENTS, _TOKENS = 12, 64


@dataclass(frozen=True)
class Held:
    """A neuron whose activation is set at every position but the first.

    Both levels are found on the discovery half of the documents: its mean, and its mean over the
    twentieth of positions where it is farthest from that, on the side to which it is skewed. (A
    gated neuron may be most active below zero, and its mirror image is then so above.)

    Args:
        neuron: The neuron.
        on: The documents, both halves.
    """

    neuron: Neuron
    on: Prompts

    @property
    def activations(self) -> Request:
        """Its activations on the discovery half."""
        measurement = NeuronActivations(self.neuron.layer, (self.neuron.neuron,))
        return Request(measurement, half(self.on, "discovery"))

    @remembered
    def levels(self, scores: Scores) -> tuple[float, float]:
        """Its mean, and where it is most active.

        Raises:
            CannotTell: when it does not vary.
        """
        values = scores[self.activations][:, FIRST:, 0].astype(np.float64)
        values = values[np.isfinite(values)]
        mean = float(values.mean())
        if np.ptp(values) <= 1e-9 * max(abs(mean), 1e-30):
            raise CannotTell(f"{self.neuron} is always {mean:.3g} on {self.activations.on.name}")
        away = values - mean
        side = 1.0 if float((away**3).sum()) >= 0 else -1.0
        most = np.sort(side * away)[-max(1, round(_HIGH * len(away))) :]
        return mean, mean + side * float(most.mean())

    def at(self, level: float, on: Prompts, scores: Scores) -> ReplaceAtPositions:
        """Setting it to a level on some documents."""
        where = _everywhere(tuple(map(len, scores.tokenized(on).tokens["clean"])))
        values = np.full((len(where), 1), level)
        return ReplaceAtPositions((self.neuron,), where, values, f"to {level!r}")

    def under(self, metric: AtTargets, on: Prompts, scores: Scores) -> tuple[Request, Request]:
        """A metric with the neuron at its mean, and where it is most active."""
        low, high = (self.at(level, on, scores) for level in self.levels(scores))
        return Request(metric, on, under=low), Request(metric, on, under=high)


@lru_cache(maxsize=64)
def half(on: Prompts, which: Which) -> Prompts:
    """One half of some documents, always the same object: it is asked for again and again."""
    return half_of(on, which)


@lru_cache(maxsize=64)
def _everywhere(lengths: tuple[int, ...]) -> Ints:
    """All positions of units but the first: `[n, 2]`."""
    return np.array(
        [(unit, p) for unit, length in enumerate(lengths) for p in range(FIRST, length)]
    )


def beginnings(on: Prompts, scores: Scores) -> Beginnings:
    """The first 64 tokens of up to 12 documents of the discovery half: enough for controls."""
    found_on = half(on, "discovery")
    count = min(_DOCUMENTS, len(scores.tokenized(found_on)))
    return Beginnings(found_on, tuple(range(count)), _TOKENS)


@dataclass(frozen=True)
class HeldChange(Quantity):
    """A metric where the neuron is most active minus the same at its mean, by document.

    Args:
        held: The neuron.
        metric: `[unit, place]`.
        on: On which documents; None for the test half.
        unsigned: Whether each place counts by the size of its change.
        control: Whether it is a control, which few documents are enough for.
    """

    held: Held
    metric: AtTargets
    unsigned: bool = False
    control: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, which tell the levels; then the metric at both."""
        first = (self.held.activations,)
        if any(request not in scores for request in first):
            return first
        try:
            return (*first, *self._both(scores))
        except CannotTell:
            return first

    def measured(self, scores: Scores) -> Measured:
        """The change, document by document."""
        low, high = (scores[each].astype(np.float64) for each in self._both(scores))
        mean, most = self.held.levels(scores)
        note = f"{self.held.neuron} is held at {most:.4g} instead of its mean {mean:.4g}"
        change = np.abs(high - low) if self.unsigned else high - low
        return of_documents(np.nanmean(change, axis=1), self._on(scores), scores).with_note(note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the metric: activations are in another unit."""
        return max(floor_of(each) for each in self._both(scores))

    def _on(self, scores: Scores) -> Prompts:
        on = self.held.on
        return beginnings(on, scores) if self.control else half(on, "test")

    def _both(self, scores: Scores) -> tuple[Request, Request]:
        return self.held.under(self.metric, self._on(scores), scores)


def of_documents(values: np.ndarray, on: Prompts, scores: Scores) -> Measured:
    """One number for each document of a set."""
    prompts = scores.tokenized(on)
    return Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))


@dataclass(frozen=True)
class ThroughTheScale(Quantity):
    """The part of a change of entropy that is gone with the final norm's scale frozen.

    The neuron is where it is most active, and what the norm divides by is as with the neuron at
    its mean: the entropy without that minus the entropy with it.

    Args:
        held: The neuron.
    """

    held: Held

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scales; then the entropy with them and without."""
        first = (self.held.activations,)
        if any(request not in scores for request in first):
            return first
        try:
            scales = self._scales(scores)
        except CannotTell:
            return first
        if scales not in scores:
            return (*first, scales)
        return (*first, scales, *self._both(scores))

    def measured(self, scores: Scores) -> Measured:
        """The difference, document by document."""
        free, frozen = (scores[each].astype(np.float64) for each in self._both(scores))
        return of_documents(np.nanmean(free - frozen, axis=1), self._test, scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the entropies."""
        return max(floor_of(each) for each in self._both(scores))

    @property
    def _test(self) -> Prompts:
        return half(self.held.on, "test")

    def _scales(self, scores: Scores) -> Request:
        return self.held.under(FinalScale(PLACES), self._test, scores)[0]

    def _both(self, scores: Scores) -> tuple[Request, Request]:
        _, free = self.held.under(Entropy(PLACES), self._test, scores)
        scales = self._scales(scores)
        frozen = Entropy(PLACES, scores[scales], f"with the final scales of {scales.under}")
        return free, replace(free, measurement=frozen)


class Turn(ABC):
    """Which way a change is claimed to go, told by something else. Subclasses are frozen."""

    @abstractmethod
    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells it."""

    @abstractmethod
    def sign(self, scores: Scores) -> int:
        """+1 or −1."""


@dataclass(frozen=True)
class Turned(Quantity):
    """A quantity in the claimed direction.

    Args:
        of: The quantity.
        by: What tells the direction.
    """

    of: Quantity
    by: Turn

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the direction, and the quantity's."""
        return (*self.by.needs(scores), *self.of.needs(scores))

    def measured(self, scores: Scores) -> Measured:
        """The quantity times the sign."""
        found = self.of.measured(scores)
        return replace(found, values=self.by.sign(scores) * found.values)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The quantity's."""
        return self.of.noise(scores, floor_of)


@dataclass(frozen=True)
class AsTheScale(Turn):
    """The way in which the neuron moves the final norm's scale, on the discovery half.

    Args:
        held: The neuron.
    """

    held: Held

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scale at both levels."""
        return self._change.needs(scores)

    def sign(self, scores: Scores) -> int:
        """Whether the scale rises; +1 where nothing moves it."""
        return 1 if self._change.measured(scores).values.mean() >= 0 else -1

    @property
    def _change(self) -> HeldChange:
        return HeldChange(self.held, FinalScale(PLACES), control=True)
