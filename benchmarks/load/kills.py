"""Workers that are killed at random moments: each costs at most the test that it was running."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.checks import each_once, every_line_is_valid
from benchmarks.load.runs import ROOT, Run, Started
from benchmarks.load.scripted import MEASURING, QUICK
from benchmarks.load.suites import write_scripted
from benchmarks.result import Result

_SEED = 4


@dataclass(frozen=True)
class Killed(Result):
    """What so many kills did to a run.

    Args:
        kills: How many workers were killed.
        processes: How many there were at a time.
        tests: How many tests there are, with a claim each.
        failed: Those that were running when a worker was killed.
        age: Seconds that a killed worker had lived, the median.
        seconds: How long it took.
    """

    kills: int
    processes: int
    tests: int
    failed: int
    age: float
    seconds: float

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": f"{self.kills} kills, {self.tests:,} tests, `-n {self.processes}`",
            "tests failed by it": str(self.failed),
            "lost": "0",
            "twice": "0",
            "median age of who was killed": f"{self.age:.1f} s",
            "seconds": f"{self.seconds:.0f} s",
        }


def kills(count: int = 200, tests: int = 4_000, processes: int = 4) -> Killed:
    """Kill so many workers while tests run; what was not judged is told, all else is there once.

    Args:
        count: How many kills.
        tests: How many tests, of two models.
        processes: Workers at a time.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plugins = write_scripted(folder, tests, seconds=0.05)
        options = ["-n", str(processes), "--max-worker-restart=100000", "-p", "no:cacheprovider"]
        started = Started(folder, plugins, *options, environment={MEASURING: "0.3"})
        asked = [str(started.process.pid), str(started.tally), str(count), str(_SEED)]
        command = [sys.executable, "-m", "benchmarks.load.killer", *asked]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killer:

            def hurry() -> None:
                if killer.poll() is not None:
                    (folder / QUICK).touch()

            try:
                done = started.finish(timeout=1_200, watch=hurry)
            finally:
                killer.kill()
            told, _ = killer.communicate()
        return _checked(done, told, count, tests, processes)


def _checked(done: Run, told: str, count: int, tests: int, processes: int) -> Killed:
    ages = [float(line.split()[1]) for line in told.splitlines()]
    each_once(done, tests)
    every_line_is_valid(done.ledger.path, every=max(1, tests // 500))
    assert len(ages) == count, f"the run was over after {len(ages)} kills"
    failed = sum(n for (_, outcome), n in done.results.items() if outcome != "passed")
    assert failed <= len(ages), f"{failed} tests failed by {len(ages)} kills"
    assert len(done.ledger.not_run) <= failed
    return Killed(len(ages), processes, tests, failed, statistics.median(ages), done.seconds)
