"""Two workers against one, on two models of equal cost: whole runs, in turns."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.checks import each_once, verdicts
from benchmarks.load.runs import Run, run
from benchmarks.load.suites import write_equal
from benchmarks.result import Result


@dataclass(frozen=True)
class Throughput(Result):
    """How much sooner two workers are done.

    Args:
        claims: How many each run judged.
        one: Seconds of each whole run with one worker.
        two: The same with two.
        one_start: Seconds of a run with one worker that measures next to nothing.
        two_start: The same with two.
    """

    claims: int
    one: tuple[float, ...]
    two: tuple[float, ...]
    one_start: float
    two_start: float

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios, starting included."""
        return statistics.median(a / b for a, b in zip(self.one, self.two, strict=True))

    @property
    def ratio_of_testing(self) -> float:
        """The same of what comes after the start of the workers, which no worker can shorten."""
        pairs = zip(self.one, self.two, strict=True)
        return statistics.median((a - self.one_start) / (b - self.two_start) for a, b in pairs)

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return super().record | {"ratio": self.ratio, "ratio_of_testing": self.ratio_of_testing}

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        pairs = [a / b for a, b in zip(self.one, self.two, strict=True)]
        return {
            "what": f"{self.claims} claims about two models, {len(pairs)} pairs of runs",
            "`-n 1`": f"{statistics.median(self.one):.1f} s",
            "`-n 2`": f"{statistics.median(self.two):.1f} s",
            "ratio, whole processes": f"{self.ratio:.2f} [{min(pairs):.2f}, {max(pairs):.2f}]",
            "ratio without the start": f"{self.ratio_of_testing:.2f}",
        }


def workers(claims: int = 96, sequences: int = 128, pairs: int = 5) -> Throughput:
    """Run the suite with one worker and with two, in turns.

    Args:
        claims: How many, half of them about either model.
        sequences: Prompts of each claim, on which it has runs of its own.
        pairs: How often.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, small = Path(place) / "large", Path(place) / "small"
        plugins = write_equal(folder, claims, sequences)
        write_equal(small, 2, 8)
        start = {count: _once(small, plugins, count, 2).seconds for count in (1, 2)}
        done: dict[int, list[Run]] = {1: [], 2: []}
        for _ in range(pairs):
            for count, runs in done.items():
                runs.append(_once(folder, plugins, count, claims))
        one, two = done.values()
        same = verdicts(one[-1].ledger) == verdicts(two[-1].ledger)
        assert same, "two workers judged otherwise than one"
        return Throughput(claims, _seconds(one), _seconds(two), start[1], start[2])


def _seconds(runs: list[Run]) -> tuple[float, ...]:
    return tuple(each.seconds for each in runs)


def _once(folder: Path, plugins: list[str], count: int, claims: int) -> Run:
    options = ["-n", str(count), "--claims-no-cache", "--claims-show=0", "-p", "no:cacheprovider"]
    done = run(folder, plugins, *options, timeout=1_200)
    each_once(done, claims)
    return done
