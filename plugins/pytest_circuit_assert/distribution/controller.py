"""In the controller of xdist: what it asks of its workers, and what it makes of their deaths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.distribution import crashes, devices
from pytest_circuit_assert.distribution.census import Census
from pytest_circuit_assert.distribution.devices import Place
from pytest_circuit_assert.distribution.parcels import Parcel
from pytest_circuit_assert.distribution.worker import LINE, PEERS
from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.progress import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execnet import XSpec
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

    from pytest_circuit_assert.distribution.scheduler import ModelAffinity

_NOTHING_RAN = pytest.ExitCode.NO_TESTS_COLLECTED


class Distribution:
    """Registered where tests run in workers.

    Args:
        config: pytest's.
        options: Those of the run.
        docket: Which keeps what could not run.
    """

    def __init__(self, config: pytest.Config, options: Options, docket: Docket) -> None:
        self._options, self._docket = options, docket
        self._progress = config.stash[PROGRESS]
        self._ours = config.getoption("dist", "no") == "load"
        self._said: dict[str, tuple[Census, Place]] = {}
        self._lines: dict[str, Any] = {}
        self._died: dict[str, str] = {}
        self._peers: dict[str, int] = {}
        self._scheduler: ModelAffinity | None = None
        self._lost: dict[str, bool] = {}
        self._called: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: Sequence[XSpec]) -> None:
        """Pin workers to GPUs; count those that share a machine."""
        if self._options.device == "cuda":
            devices.pin(specs, devices.visible())
        hosts = [_host(spec) for spec in specs]
        self._peers = {host: hosts.count(host) for host in hosts}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerController) -> None:
        """Give a worker a line of its own to tell what it knows, and to hear of its parcels."""
        if not self._ours:
            return
        worker, line = node.gateway.id, node.gateway.newchannel()
        line.setcallback(lambda said: self._hear(worker, said))
        self._lines[worker] = line
        given: dict[str, Any] = vars(node)["workerinput"]
        given |= {LINE: line, PEERS: self._peers.get(_host(node.gateway.spec), 1)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(
        self, config: pytest.Config, log: Producer
    ) -> ModelAffinity | None:
        """In place of xdist's own for `--dist load`, which `-n` means; others are left alone."""
        if not self._ours:
            return None
        from pytest_circuit_assert.distribution.replacing import persevere
        from pytest_circuit_assert.distribution.scheduler import ModelAffinity

        nodes = getattr(config.pluginmanager.getplugin("dsession"), "nodemanager", None)
        if nodes is not None:
            persevere(nodes)
        ledgers = self._options.ledger
        self._scheduler = ModelAffinity(config, log, self._said, self._tell, ledgers)
        return self._scheduler

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test has begun."""
        if self._scheduler is not None:
            self._scheduler.begun(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over."""
        self._called.discard(nodeid)
        if self._scheduler is not None:
            self._scheduler.over(nodeid)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: WorkerController, error: object) -> None:
        """Learn why a worker died."""
        self._progress.of_worker(node.gateway.id, "")
        if error:
            self._died[node.gateway.id] = crashes.reason(node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Make room for what pytest writes; take note of a test whose own part is over."""
        if report.when == "call":
            self._called.add(report.nodeid)
        if self._scheduler is not None:
            self._progress.finish()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:  # noqa: ANN401
        """Say in the report of the test that was running why its worker died."""
        worker = report.node.gateway.id
        why = self._died.get(worker, "died")
        report.longrepr = f"The worker {worker} {why} while it ran {crashitem}."
        report.claim_not_run = f"its worker {why}"
        if crashitem in self._called:  # which has its outcome: this is an error, as pytest says
            report.when = "teardown"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Where no worker was left, what did not run is told, and the run fails."""
        stopped = session.exitstatus == pytest.ExitCode.INTERRUPTED  # by -x or Ctrl-C
        if self._scheduler is None or not self._died or stopped:
            return
        self._lost = self._scheduler.never_ran
        if self._lost and session.exitstatus in (pytest.ExitCode.OK, _NOTHING_RAN):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for nodeid, is_of_claims in self._lost.items():
            if is_of_claims:
                self._docket.did_not_run(nodeid, "no worker was left to run it")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many tests were lost with the workers."""
        if self._lost:
            tests = "1 test" if len(self._lost) == 1 else f"{len(self._lost)} tests"
            words = f"{tests} did not run: {self._why}."
            terminalreporter.write_line(words, red=True, bold=True)

    @property
    def _why(self) -> str:
        """Why no worker was left."""
        if self._scheduler is not None and self._scheduler.others_collected:
            return "workers that came in place of dead ones collected other tests"
        return "too many workers died (--max-worker-restart)"

    def _hear(self, worker: str, said: dict[str, Any]) -> None:
        """Called by execnet's thread; of tests before xdist hears that they were collected."""
        if "progress" in said:
            self._progress.of_worker(worker, said["progress"])
        else:
            self._said[worker] = Census.of(said["census"]), Place(**said["place"])

    def _tell(self, node: WorkerController, parcel: Parcel) -> None:
        self._lines[node.gateway.id].send((list(parcel.tests), parcel.together))


def _host(spec: XSpec) -> str:
    """What tells machines apart; local workers have none of it."""
    return str(spec.ssh or spec.socket or spec.via or spec.python or "")
