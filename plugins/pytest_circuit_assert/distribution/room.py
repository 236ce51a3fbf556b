"""How much memory is left where workers compute: models share a machine or a GPU if they fit."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_circuit_assert.distribution.census import ModelNeeds
from pytest_circuit_assert.distribution.devices import Place

_Where = tuple[str, str]
"""A machine's name, and a GPU's or nothing."""
_OF_A_MACHINE = ("cpu", "mps")


@dataclass(frozen=True)
class _Held:
    where: _Where
    memory: int
    model: int


class Room:
    """Who holds which model, and where.

    A worker keeps one model at most; it frees that before it loads another.
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._held: dict[str, _Held] = {}

    def enter(self, worker: str, place: Place) -> None:
        """Take note of where a worker is."""
        self._places[worker] = place

    def leave(self, worker: str) -> None:
        """A worker is gone, and what it held is free."""
        self._places.pop(worker, None)
        self._held.pop(worker, None)

    def model_of(self, worker: str) -> int | None:
        """The number of the model that a worker holds."""
        held = self._held.get(worker)
        return None if held is None else held.model

    def take(self, worker: str, number: int, model: ModelNeeds) -> None:
        """A worker loads a model in place of the one that it held."""
        where = self._where(worker, model)
        self._held[worker] = _Held(where, model.memory or 0, number)

    def fits(self, worker: str, model: ModelNeeds) -> bool:
        """Whether a worker can load a model beside those of others; alone it can try any.

        Args:
            worker: Who.
            model: What.
        """
        where = self._where(worker, model)
        taken = [self._held[other].memory for other in self._others(worker, where)]
        capacity = self._capacity(where)
        if not taken or capacity is None:
            return True
        return sum(taken) + (model.memory or 0) <= capacity

    def _others(self, worker: str, where: _Where) -> list[str]:
        return [each for each, held in self._held.items() if each != worker and held.where == where]

    def _where(self, worker: str, model: ModelNeeds) -> _Where:
        place = self._places.get(worker)
        if place is None:
            return worker, ""
        if model.device in _OF_A_MACHINE or not (place.devices or "cuda" in model.device):
            return place.host, ""
        if model.device == "auto" or "," in model.device:
            return place.host, "several"  # of which nobody knows how much each GPU holds
        return place.host, place.devices[0] if place.devices else model.device

    def _capacity(self, where: _Where) -> int | None:
        """Bytes; of a machine, what its first worker found free."""
        host, device = where
        there = [place for place in self._places.values() if place.host == host]
        if device:
            known = [place.device_memory for place in there if device in place.devices[:1]]
            return next((each for each in known if each is not None), None)
        return max((place.memory for place in there), default=None)
