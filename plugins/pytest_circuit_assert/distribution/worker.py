"""In a worker of xdist: tell the controller of the tests, and measure for a parcel at a time."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_circuit_assert.distribution.census import Census, census
from pytest_circuit_assert.distribution.devices import Place, here
from pytest_circuit_assert.distribution.threads import share_cores
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.progress import PROGRESS
from pytest_circuit_assert.rehearsal.rehearsal import Rehearsal, rehearse, will_run

if TYPE_CHECKING:
    from circuit_assert import Claim

_T = TypeVar("_T")
LINE, PEERS = "claims_line", "claims_peers"
"""What the controller gives a worker: a channel, and how many workers share its machine."""


class ParcelledRehearsal(Rehearsal):
    """Rehearses as soon as the tests are known, and prefetches for a parcel before its first test.

    Args:
        config: A worker's.
        options: Those of the run.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        super().__init__(config, options)
        given: dict[str, Any] = vars(config)["workerinput"]
        self._line: Any = given[LINE]
        self._peers: int = given[PEERS]
        config.stash[PROGRESS].relay = self._tell_progress
        self._nodeids: list[str] = []
        self._parcels: dict[str, list[str]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell what is known of the tests, before xdist tells which they are."""
        taken = Census()
        if session.items and will_run(session):
            if self._options.rehearse:
                self.rehearsed = rehearse(self._config, session.items)
            taken = self._census(session)
        place = Place()
        if taken.has_claims:
            place = here()
            share_cores(self._peers)
        self._nodeids = [item.nodeid for item in session.items]
        self._line.setcallback(self._take)
        self._line.send({"census": taken.plain(), "place": place.plain()})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, _T, _T]:
        """The tests have been rehearsed by now."""
        return (yield)

    def _claims_before(self, item: pytest.Item) -> list[Claim]:
        if self.rehearsed is None:
            return []
        beginning = self._parcels.pop(item.nodeid, [])
        return [
            claim
            for nodeid in beginning
            if (learned := self.rehearsed.learned.get(nodeid)) is not None
            for claim in learned.claims.values()
        ]

    def _census(self, session: pytest.Session) -> Census:
        try:
            return census(self._config, session.items, self.rehearsed)
        except Exception as problem:  # tests run in any order; the run must not stop for this
            words = f"circuit-assert cannot tell what the tests need ({problem!r})"
            warnings.warn(f"{words}: xdist shares them out.", stacklevel=2)
            return Census()

    def _tell_progress(self, text: str) -> None:
        with suppress(OSError):  # the controller has gone
            self._line.send({"progress": text})

    def _take(self, parcel: tuple[list[int], bool]) -> None:
        """Called by execnet's thread, before xdist's worker hears of these tests."""
        tests, together = parcel
        if together:
            self._parcels[self._nodeids[tests[0]]] = [self._nodeids[test] for test in tests]
