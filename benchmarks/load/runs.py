"""A run of pytest as a process of its own, its memory looked at while it lasts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.load import tally
from circuit_assert.ledger import Ledger, ledgers_in, read

ROOT = Path(__file__).resolve().parents[2]
_PLUGINS = ("pytest_circuit_assert", "xdist", "benchmarks.load.tally")
_EVERY = 0.25


@dataclass(frozen=True)
class Sample:
    """The memory of a run at a moment.

    Args:
        seconds: Since the run began.
        results: How many tests had a result by then.
        controller: Bytes that the process of pytest holds.
        workers: Bytes of each worker of xdist.
    """

    seconds: float
    results: int
    controller: int
    workers: tuple[int, ...]


@dataclass
class Run:
    """What a run did.

    Args:
        status: Its exit status; None for one that had to be killed, as it did not end.
        seconds: From its start to its end.
        output: What it printed, both streams.
        results: (Node id, outcome) → how often.
        folder: The suite's.
        samples: Of its memory.
    """

    status: int | None
    seconds: float
    output: str
    results: Counter[tuple[str, str]]
    folder: Path
    samples: list[Sample] = field(default_factory=list[Sample])

    @property
    def ledger(self) -> Ledger:
        """What the latest run in its folder wrote."""
        return read(ledgers_in(self.folder / ".claims")[-1])

    @property
    def broke(self) -> bool:
        """Whether pytest or a plugin failed, rather than a test."""
        return "INTERNALERROR" in self.output or self.status not in (0, 1)


class Started:
    """A run that is going on.

    Args:
        folder: The suite's.
        plugins: Those that the suite needs.
        options: For pytest.
        environment: Variables beside those of this process.
    """

    def __init__(
        self,
        folder: Path,
        plugins: Sequence[str],
        *options: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self.tally = folder / f"tally-{time.time_ns()}.jsonl"
        self.tally.touch()
        self._output = self.tally.with_suffix(".txt")
        named = [option for plugin in (*_PLUGINS, *plugins) for option in ("-p", plugin)]
        command = [sys.executable, "-m", "pytest", "-q", *named, *options]
        self._began = time.monotonic()
        with self._output.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=_environment(self.tally) | dict(environment or {}),
            )

    def finish(self, timeout: float, watch: Callable[[], None] | None = None) -> Run:
        """Wait for its end, and look at its memory until then.

        Args:
            timeout: Seconds after which it is killed.
            watch: Called every now and then.
        """
        samples: list[Sample] = []
        while self.process.poll() is None and time.monotonic() - self._began < timeout:
            samples += self._sample()
            if watch is not None:
                watch()
            time.sleep(_EVERY)
        seconds = time.monotonic() - self._began
        status = self.process.poll()
        if status is None:
            self.process.kill()
            self.process.wait()
        output = self._output.read_text(errors="replace")
        found = tally.results(self.tally)
        return Run(status, seconds, output, found, self._folder, samples)

    def _sample(self) -> list[Sample]:
        try:
            controller = psutil.Process(self.process.pid)
            held = [each.memory_info().rss for each in workers_of(controller)]
            own = controller.memory_info().rss
        except psutil.Error:  # somebody has just gone
            return []
        with self.tally.open("rb") as file:
            results = sum(1 for _ in file)
        return [Sample(time.monotonic() - self._began, results, own, tuple(held))]


def run(
    folder: Path,
    plugins: Sequence[str],
    *options: str,
    timeout: float = 300.0,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run a suite to its end; see `Started`."""
    started = Started(folder, plugins, *options, environment=environment)
    return started.finish(timeout)


def workers_of(controller: psutil.Process) -> list[psutil.Process]:
    """The workers of xdist among the children of a run, as execnet starts them."""
    return [each for each in controller.children() if "exec(eval(" in " ".join(_command(each))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _environment(file: Path) -> dict[str, str]:
    """One thread for each process, only the plugins that are named, and these sources."""
    paths = [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        tally.VARIABLE: str(file),
    }
