"""Two ways to the same numbers, timed in turns in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.result import Result

Numbers = npt.NDArray[np.floating[Any]]
Way = Callable[[], Numbers]


@dataclass(frozen=True)
class Timed(Result):
    """What came of a comparison.

    Args:
        name: Of the comparison.
        usual: Seconds of the usual way, one for each turn.
        ours: Seconds of the engine, one for each turn.
        difference: The largest difference of their numbers.
        size: The largest of their numbers, to compare that with.
    """

    name: str
    usual: tuple[float, ...]
    ours: tuple[float, ...]
    difference: float
    size: float

    @property
    def ratio(self) -> float:
        """How many times faster the engine is: the median over turns."""
        return statistics.median(u / o for u, o in zip(self.usual, self.ours, strict=True))

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "usual_seconds": list(self.usual),
            "our_seconds": list(self.ours),
            "ratio": self.ratio,
            "largest_difference": self.difference,
            "largest_number": self.size,
        }

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table: the best turn of each way, the median ratio."""
        return {
            "what": self.name,
            "usual way": f"{min(self.usual):.1f} s",
            "engine": f"{min(self.ours):.1f} s",
            "ratio": f"{self.ratio:.1f} ×",
            "turns": str(len(self.usual)),
            "numbers differ by": f"{self.difference:.1g} of {self.size:.3g}",
        }


def compare(name: str, usual: Way, ours: Way, *, turns: int = 2) -> Timed:
    """Take both ways in turns.

    Args:
        name: Of the comparison.
        usual: The usual way; it is given the same weights and the same prompts.
        ours: The engine, which must know nothing from an earlier turn.
        turns: How often.

    Raises:
        ValueError: when the two do not agree to 1e-4 of their size.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    found: list[Numbers] = [np.empty(0), np.empty(0)]
    for _ in range(turns):
        for which, way in enumerate((usual, ours)):
            started = time.perf_counter()
            found[which] = way()
            seconds[which].append(time.perf_counter() - started)
    difference, size = agreement(name, *found)
    return Timed(name, tuple(seconds[0]), tuple(seconds[1]), difference, size)


def agreement(name: str, usual: Numbers, ours: Numbers) -> tuple[float, float]:
    """By how much two ways' numbers differ at most, and the largest number.

    Args:
        name: Of the comparison, for the error.
        usual: The usual way's numbers; NaN where there is none.
        ours: The engine's.

    Raises:
        ValueError: when they do not agree to 1e-4 of their size.
    """
    without = np.isnan(usual) & np.isnan(ours)
    difference = float(np.abs(usual - ours).max(where=~without, initial=0.0))
    size = float(np.abs(usual).max(where=~without, initial=0.0))
    if not difference <= 1e-4 * max(1.0, size):
        raise ValueError(f"{name}: the two ways differ by {difference:.2g}, of {size:.2g}.")
    return difference, size
