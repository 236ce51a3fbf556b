"""`--claims-shard i/n`: this process runs one of n parts of the tests, on whatever machine.

Every machine splits alike: by the tests' names, their models and what is known of these before
anything is fetched. Each run's ledger says by which split it ran, so that shards of two splits,
between which a test may be lost, are not merged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_circuit_assert.distribution.census import census_alike
from pytest_circuit_assert.distribution.parcels import dealt, parcels
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from pytest_circuit_assert.docket import Docket

_OUTPUT = "claims_shard"


class Split(NamedTuple):
    """How the tests of a run were split.

    Args:
        name: A hash of which test is in which shard.
        here: How many are in this process's shard.
        total: How many there are.
    """

    name: str
    here: int
    total: int


class Sharding:
    """Leaves a process the tests of its shard, after -k, -m and --lf.

    Args:
        config: pytest's.
        options: Those of the run.
        docket: The controller's; None in a worker.
    """

    def __init__(self, config: pytest.Config, options: Options, docket: Docket | None) -> None:
        assert options.shard is not None  # noqa: S101 - registered for shards alone
        self._config, self._options, self._docket = config, options, docket
        (self._number,), self._of = options.shard.numbers, options.shard.of
        self._split: Split | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Deselect the other shards' tests; last of all, as what is deselected is in no shard."""
        result = yield
        shards = shards_of(self._config, items, self._of, rehearsing=self._options.rehearse)
        others = [item for item, shard in zip(items, shards, strict=True) if shard != self._number]
        ours = [item for item, shard in zip(items, shards, strict=True) if shard == self._number]
        self._know(Split(_hash(items, shards), len(ours), len(items)))
        if others:
            items[:] = ours
            self._config.hook.pytest_deselected(items=others)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell the controller by which split, before it writes its first line."""
        report = yield
        if self._split is not None:
            vars(report).update(claim_split=list(self._split))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of what a worker tells; registered after the docket, this is called before."""
        told: list[Any] | None = getattr(report, "claim_split", None)
        if told is not None:
            self._know(Split(*told))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take note of what a worker without tests tells."""
        told = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if told is not None:
            self._know(Split(*told))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A shard that no test falls to has not failed; a run without tests has, as ever."""
        split = self._split
        if self._docket is None:
            if split is not None:
                vars(self._config)["workeroutput"][_OUTPUT] = list(split)
            return
        option = self._config.option
        if self._options.listing or option.collectonly or option.setuponly or option.setupplan:
            return
        self._docket.is_awaited = True
        if split is None or not split.total or split.here:
            return
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which share of the tests this was."""
        split = self._split
        if split is None:
            return
        said = f"Shard {self._options.shard}: {split.here} of {split.total} tests (split "
        terminalreporter.write_line(f"{said}{split.name}).")
        if split.total and not split.here:
            terminalreporter.write_line("No test falls to this shard: there is nothing to do.")

    def _know(self, split: Split) -> None:
        self._split = split
        if self._docket is not None:
            self._docket.split = split.name


def shards_of(
    config: pytest.Config, items: Sequence[pytest.Item], shards: int, *, rehearsing: bool = True
) -> list[int]:
    """The shard of each test, counted from one: the same on every machine, in whatever order.

    Args:
        config: pytest's.
        items: The tests.
        shards: How many shards there are.
        rehearsing: Whether tests may be called to learn their claims.
    """
    order = sorted(range(len(items)), key=lambda place: items[place].nodeid)
    taken = census_alike(config, [items[place] for place in order], rehearsing=rehearsing)
    found = [0] * len(items)
    for shard, hand in enumerate(dealt(parcels(taken, shards), shards), start=1):
        for place in (place for parcel in hand for place in parcel.tests):
            found[order[place]] = shard
    return found


def _hash(items: Sequence[pytest.Item], shards: Sequence[int]) -> str:
    lines = sorted(f"{shard} {item.nodeid}\n" for item, shard in zip(items, shards, strict=True))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]
