"""Kills workers of a run at random moments.

`python -m benchmarks.load.killer PID TALLY COUNT SEED`, where TALLY is what `tally.py` writes.
Each kill is a line on standard output: seconds since the first look, and how old the worker was.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import psutil

from benchmarks.load.runs import workers_of

_RESULTS, _PATIENCE = 8, 4.0
"""From one kill to the next: twice so many tests at most, or twice so many seconds."""


def kill(controller: int, tally: Path, count: int, seed: int) -> int:
    """Kill workers until so many are dead, or the run is over.

    Args:
        controller: The process of the run.
        tally: Grows by a line with each test.
        count: How many.
        seed: Which moments, and which worker.

    Returns:
        How many were killed.
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    while not _lines(tally) and psutil.pid_exists(controller):
        time.sleep(0.1)  # xdist ends when one of its first workers dies before it has answered
    began, killed = time.monotonic(), 0
    while killed < count and psutil.pid_exists(controller):
        _wait(tally, draw)
        try:
            alive = workers_of(psutil.Process(controller))
            if not alive:
                continue
            chosen = draw.choice(alive)
            age = time.time() - chosen.create_time()
            chosen.kill()
        except psutil.NoSuchProcess:
            continue
        killed += 1
        print(f"{time.monotonic() - began:.2f} {age:.2f}", flush=True)
    return killed


def _wait(tally: Path, draw: random.Random) -> None:
    """For some tests and a moment more, or for some seconds while none ends."""
    until = _lines(tally) + draw.randrange(2 * _RESULTS)
    late = time.monotonic() + draw.uniform(0, 2 * _PATIENCE)
    while _lines(tally) < until and time.monotonic() < late:
        time.sleep(0.02)
    time.sleep(draw.uniform(0, 0.06))


def _lines(tally: Path) -> int:
    return tally.read_bytes().count(b"\n")


if __name__ == "__main__":
    kill(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
