"""Hands out parcels to the workers of xdist, so that each model is loaded by as few as can be.

A test is blamed for a worker's death when it was running; whatever else the worker had goes to
another. Where it died measuring for a parcel, no test was running: the parcel comes back smaller,
and at last one test at a time, until the one that kills is found.

A worker knows all of its parcel and has a few tests of it at hand: those it runs to the end,
whatever happens, also when -x or Ctrl-C has stopped the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.report import report_collection_diff
from xdist.scheduler import LoadScheduling

from pytest_circuit_assert.distribution.census import Census
from pytest_circuit_assert.distribution.devices import Place
from pytest_circuit_assert.distribution.earlier import informed
from pytest_circuit_assert.distribution.parcels import Parcel, in_order, parcels, rest_of, smaller
from pytest_circuit_assert.distribution.room import Room

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

_PIECES = 8
_CURRENT_AND_NEXT = 2
"""A worker runs a test when it knows the one after it, or that there is none."""
_AT_HAND = 8
"""Tests that a worker has been sent; so many that it need not wait for the next."""


class ModelAffinity(LoadScheduling):
    """Parcels to workers; a run without claims is left to xdist's own way.

    Args:
        config: pytest's.
        log: xdist's.
        said: What each worker says of the tests and of where it is, by its id.
        tell: Tells a worker of a parcel, before xdist does.
        ledgers: The folder of earlier runs, which tell what tests take; None without one.
    """

    def __init__(
        self,
        config: pytest.Config,
        log: Producer | None,
        said: Mapping[str, tuple[Census, Place]],
        tell: Callable[[WorkerController, Parcel], None],
        ledgers: Path | None = None,
    ) -> None:
        super().__init__(config, log)
        self.census = Census()
        self._said, self._tell, self._ledgers = said, tell, ledgers
        self._queue: list[Parcel] = []
        self._given: dict[WorkerController, list[Parcel]] = {}
        self._unsent: dict[WorkerController, list[int]] = {}
        self._room = Room()
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self.others_collected = False
        """Whether a worker that came in place of a dead one has collected other tests."""

    def begun(self, nodeid: str) -> None:
        """A worker has begun a test."""
        self._begun.add(nodeid)

    def over(self, nodeid: str) -> None:
        """A test is over, whatever came of it; all its reports have been received."""
        self._over.add(nodeid)

    @property
    def never_ran(self) -> dict[str, bool]:
        """Tests that no worker has begun, and whether each is of claims."""
        told = zip(self.collection or (), self.census.tests, strict=False)
        return {id_: bool(test.models) for id_, test in told if id_ not in self._begun}

    @property
    def tests_finished(self) -> bool:
        """Whether all tests are given out and each worker is at its last, or nobody can go on."""
        if self.others_collected and all(node.shutting_down for node in self.nodes):
            return True
        return not self._queue and super().tests_finished

    @property
    def has_pending(self) -> bool:
        """Whether any test is not over."""
        return bool(self._queue) or super().has_pending

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """A worker has collected; one that comes later goes if its tests are not the same."""
        super().add_node_collection(node, collection)
        said = self._said.get(node.gateway.id)
        if said is not None:
            self._room.enter(node.gateway.id, said[1])
        if node in self.node2collection or self.collection is None or not self.census.has_claims:
            return
        self.others_collected = True
        first = next(iter(self.node2collection)).gateway.id
        words = report_collection_diff(self.collection, collection, first, node.gateway.id)
        report = pytest.CollectReport(node.gateway.id, "failed", words, result=[])
        self.config.hook.pytest_collectreport(report=report)
        node.shutdown()

    def schedule(self) -> None:
        """Cut the collection into parcels and begin; called again for a worker that is new."""
        if self.collection is None and (census := self._census()).has_claims:
            if not self._check_nodes_have_same_collection():
                return
            self.collection = next(iter(self.node2collection.values()))
            self.census = informed(census, self.collection, self._ledgers)
            self._queue = parcels(self.census, len(self.nodes))
        if not self.census.has_claims:
            super().schedule()
            return
        self._check_all()

    def check_schedule(self, node: WorkerController, duration: float = 0) -> None:
        """Give a worker a parcel when it is at its last test, if there is one that fits."""
        if not self.census.has_claims:
            super().check_schedule(node, duration)
            return
        while self._is_idle(node):
            parcel = self._next_for(node)
            if parcel is not None:
                self._give(node, parcel)
                continue
            if not self._queue or self._has_to_go(node):
                node.shutdown()
            return

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """A worker is through with a test."""
        if not self.census.has_claims:
            super().mark_test_complete(node, item_index, duration)
            return
        self.node2pending[node].remove(item_index)
        self._send(node)
        self._check_all()

    def mark_test_pending(self, item: str) -> None:
        """Run a test once more."""
        if not self.census.has_claims:
            super().mark_test_pending(item)
            return
        assert self.collection is not None  # noqa: S101 - for the type checker
        self._begun.discard(item)
        self._over.discard(item)
        test = self.collection.index(item)
        models = self.census.tests[test].models
        self._queue.insert(0, Parcel((test,), models[0] if models else None, together=False))
        self._check_all()

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker is gone: give what it had to others.

        Returns:
            The test that was running; None when none was.
        """
        if not self.census.has_claims:
            return super().remove_node(node)
        pending = self.node2pending.pop(node)
        self._unsent.pop(node, None)
        self._room.leave(node.gateway.id)
        assert self.collection is not None  # noqa: S101 - for the type checker
        left = [test for test in pending if self.collection[test] not in self._over]
        running = next((test for test in left if self.collection[test] in self._begun), None)
        self._take_back(self._given.pop(node, []), set(left) - {running}, running)
        self._check_all()
        return None if running is None else self.collection[running]

    def _census(self) -> Census:
        """Of the tests, as the first worker tells it; an empty one where any tells nothing."""
        told = [self._said.get(node.gateway.id) for node in self.node2collection]
        if not told or any(each is None for each in told) or told[0] is None:
            return Census()
        census = told[0][0]
        count = len(next(iter(self.node2collection.values())))
        return census if len(census.tests) == count else Census()

    def _check_all(self) -> None:
        for node in self.nodes:
            self.check_schedule(node)

    def _is_idle(self, node: WorkerController) -> bool:
        if node.shutting_down or node not in self.node2collection:
            return False
        return len(self.node2pending[node]) < _CURRENT_AND_NEXT

    def _next_for(self, node: WorkerController) -> Parcel | None:
        """What it has loaded, then what takes longest."""
        worker = node.gateway.id
        held = self._room.model_of(worker)
        same = [parcel for parcel in self._queue if parcel.model == held]
        for parcel in (*(same if held is not None else ()), *self._queue):
            if parcel.model is None or self._room.fits(worker, self.census.models[parcel.model]):
                return parcel
        return None

    def _has_to_go(self, node: WorkerController) -> bool:
        """Whether it keeps for its last test the memory that all others wait for."""
        if not self.node2pending[node]:
            return False  # it has loaded nothing
        return not any(
            len(pending) >= _CURRENT_AND_NEXT or other.shutting_down
            for other, pending in self.node2pending.items()
            if other is not node
        )

    def _give(self, node: WorkerController, parcel: Parcel) -> None:
        self._queue.remove(parcel)
        if parcel.model is not None:
            self._room.take(node.gateway.id, parcel.model, self.census.models[parcel.model])
        self._given.setdefault(node, []).append(parcel)
        self.node2pending[node].extend(parcel.tests)
        self._unsent.setdefault(node, []).extend(parcel.tests)
        with suppress(OSError):  # it has just died, which is told in a moment
            self._tell(node, parcel)
        self._send(node)

    def _send(self, node: WorkerController) -> None:
        """Send tests of its parcels to a worker until it has enough at hand."""
        unsent = self._unsent.get(node, [])
        at_hand = len(self.node2pending[node]) - len(unsent)
        tests = unsent[: max(0, _AT_HAND - at_hand)]
        if not tests or node.shutting_down:
            return
        del unsent[: len(tests)]
        with suppress(OSError):  # as above
            node.send_runtest_some(tests)

    def _take_back(self, given: Iterable[Parcel], left: set[int], running: int | None) -> None:
        """Queue what is left of a worker's parcels; smaller, where measuring for one killed it."""
        for parcel in given:
            tests = tuple(test for test in parcel.tests if test in left)
            if not tests:
                continue
            rest = rest_of(self.census, parcel, tests)
            untouched = running is None and tests == parcel.tests
            at_fault = untouched and parcel.together and parcel.model is not None
            self._queue += smaller(self.census, rest, _PIECES) if at_fault else [rest]
            running = running if running is not None else -1  # of its later parcels, none began
        self._queue = in_order(self._queue)
