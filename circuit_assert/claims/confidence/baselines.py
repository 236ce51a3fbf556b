"""Ordinary neurons, which regulate nothing: what the same does to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.confidence.held import Held, HeldChange, half
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.components import Neuron
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.distributions import AtTargets
from circuit_assert.measurements.norms import NeuronSizes
from circuit_assert.prompts.base import Prompts

COUNT = 20
_LEAST = 10
_PLACES = 3  # of each document: theirs is a mean over 12 documents and 20 neurons


class Baselines(ABC):
    """Which neurons are ordinary. Subclasses are frozen.

    Those that are active at all, ordered by size, of which 20 are taken evenly spread: a choice
    that is the same whatever order a layer's neurons are in.
    """

    @abstractmethod
    def layers(self, scores: Scores) -> Sequence[int]:
        """Of which layers."""

    @abstractmethod
    def marks(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells which neurons are no ordinary ones."""

    @abstractmethod
    def ordinary(self, scores: Scores) -> npt.NDArray[np.bool_]:
        """Whether they are ordinary: `[layer, neuron]`."""

    def needs(self, on: Prompts, scores: Scores) -> list[AnyRequest]:
        """What tells them."""
        sizes, activity = self._measured(on, scores)
        return [*self.marks(scores), *sizes, *activity]

    def found(self, on: Prompts, scores: Scores) -> list[Neuron]:
        """The neurons.

        Raises:
            CannotTell: when there are fewer than ten.
        """
        sizes, activity = self._measured(on, scores)
        size = np.stack([scores[each] for each in sizes])
        active = np.stack([scores[each].mean(0) for each in activity]) > 0
        places = np.argwhere(self.ordinary(scores) & active & (size > 0))
        if len(places) < _LEAST:
            raise CannotTell(f"there are {len(places)} ordinary neurons; {_LEAST} are needed")
        places = places[np.argsort([size[tuple(place)] for place in places], kind="stable")]
        spread = np.linspace(0, len(places) - 1, min(COUNT, len(places))).round().astype(int)
        layers = self.layers(scores)
        return [Neuron(layers[int(row)], int(neuron)) for row, neuron in places[spread]]

    def _measured(self, on: Prompts, scores: Scores) -> tuple[list[WeightRequest], list[Request]]:
        layers, found_on = self.layers(scores), half(on, "discovery")
        return (
            [WeightRequest(NeuronSizes(layer)) for layer in layers],
            [Request(NeuronActivations(layer), found_on) for layer in layers],
        )


@dataclass(frozen=True)
class BeyondBaselines(Quantity):
    """A neuron's change of a metric minus the mean absolute change of ordinary neurons.

    Theirs is that of the discovery half, at a few places of the beginnings of 12 documents.

    Args:
        own: The neuron's change, in the claimed direction.
        held: The neuron.
        metric: Of which it is a change.
        baselines: The ordinary neurons.
    """

    own: Quantity
    held: Held
    metric: AtTargets
    baselines: Baselines

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the neurons; then everyone's change."""
        on = self.held.on
        first = [*self.own.needs(scores), *self.baselines.needs(on, scores)]
        if any(request not in scores for request in first):
            return first
        try:
            changes = self._changes(scores)
        except CannotTell:
            return first
        return [*first, *(r for change in changes for r in change.needs(scores))]

    def measured(self, scores: Scores) -> Measured:
        """The contrast on the test half, document by document."""
        own = self.own.measured(scores)
        changes = self._changes(scores)
        sizes = [abs(float(change.measured(scores).values.mean())) for change in changes]
        note = (
            f"{len(sizes)} ordinary neurons: {np.mean(sizes):.3g} on average, at most "
            f"{max(sizes):.3g} ({changes[int(np.argmax(sizes))].held.neuron})"
        )
        return replace(own, values=own.values - np.mean(sizes)).with_note(note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the neuron's change."""
        return self.own.noise(scores, floor_of)

    def _changes(self, scores: Scores) -> list[HeldChange]:
        found = self.baselines.found(self.held.on, scores)
        others = [neuron for neuron in found if neuron != self.held.neuron]
        few = replace(self.metric, places=_PLACES)
        return [HeldChange(Held(each, self.held.on), few, control=True) for each in others]
