"""Ten thousand claims: nothing lost, nothing twice, and how much memory each of them keeps."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.load.checks import each_once, every_line_is_valid
from benchmarks.load.runs import Run, Sample, run
from benchmarks.load.suites import Writes, write_planted
from benchmarks.result import Result

_MIB, _KIB = 1 << 20, 1 << 10


@dataclass(frozen=True)
class Load(Result):
    """A run of many claims.

    Args:
        processes: How many workers; 0 without xdist.
        claims: How many claims were judged.
        seconds: The whole run, with all imports.
        controller: Most bytes that the controller held.
        workers: Most bytes that the workers held, together.
        controller_growth: Bytes for each claim, over the second half.
        workers_growth: The same of the workers together.
        ledger: Bytes.
    """

    processes: int
    claims: int
    seconds: float
    controller: int
    workers: int
    controller_growth: float
    workers_growth: float
    ledger: int

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        how = f"`-n {self.processes}`" if self.processes else "no xdist"
        return {
            "what": f"{self.claims:,} claims, {how}",
            "seconds": f"{self.seconds:.0f} s",
            "claims a second": f"{self.claims / self.seconds:.0f}",
            "controller, at the peak": f"{self.controller / _MIB:,.0f} MiB",
            "grows by": f"{self.controller_growth / _KIB:.1f} KiB a claim",
            "workers, at the peak": f"{self.workers / _MIB:,.0f} MiB" if self.processes else "–",
            "grow by": f"{self.workers_growth / _KIB:.1f} KiB a claim" if self.processes else "–",
            "ledger": f"{self.ledger / _MIB:.1f} MiB",
        }


def claims10k(
    claims: int = 10_000, processes: tuple[int, ...] = (2, 0), write: Writes = write_planted
) -> list[Load]:
    """Judge so many, in so many workers, one run after the other.

    Args:
        claims: How many.
        processes: How many workers each run has; 0 without xdist.
        write: Writes the suite.
    """
    return [_load(claims, count, write) for count in processes]


def _load(claims: int, processes: int, write: Writes) -> Load:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plugins = write(folder, claims)
        shared = ["-n", str(processes)] if processes else []
        options = [*shared, "--claims-no-cache", "--claims-show=0", "-p", "no:cacheprovider"]
        done = run(folder, plugins, *options, timeout=1200)
        each_once(done, claims)
        path = done.ledger.path
        every_line_is_valid(path, every=max(1, claims // 200))
        return _told(done, claims, processes, path.stat().st_size)


def _told(done: Run, claims: int, processes: int, size: int) -> Load:
    return Load(
        processes,
        claims,
        done.seconds,
        max(each.controller for each in done.samples),
        max(sum(each.workers) for each in done.samples),
        growth([(each.results, each.controller) for each in _later(done, claims, 0)]),
        growth([(each.results, sum(each.workers)) for each in _later(done, claims, processes)]),
        size,
    )


def _later(done: Run, claims: int, processes: int) -> list[Sample]:
    """While the second half is judged, and all workers are there."""
    return [
        each
        for each in done.samples
        if claims / 2 < each.results < claims and len(each.workers) >= processes
    ]


def growth(points: list[tuple[int, int]]) -> float:
    """Bytes for each claim: the slope of a line through (claims, bytes); 0 through one point."""
    counts = np.array([count for count, _ in points], dtype=float)
    if len(set(counts)) < 2:
        return 0.0
    held = np.array([each for _, each in points], dtype=float)
    return float(np.polyfit(counts, held, 1)[0])
