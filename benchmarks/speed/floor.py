"""How far a sweep is from what its multiplications alone would take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.result import Result
from benchmarks.speed.sweeps import Task, ablations
from circuit_assert.execution.executor import Executor
from circuit_assert.linear import linear

_SIZE = 2048
_TURNS = 5


@dataclass(frozen=True)
class Floor(Result):
    """A sweep beside its floor.

    Args:
        name: Of the sweep.
        needed: Floating-point operations that it cannot do without.
        peak: Floating-point operations a second of a large matrix product, in the same dtype.
        seconds: What the sweep took.
    """

    name: str
    needed: float
    peak: float
    seconds: float

    @property
    def ratio(self) -> float:
        """How many times the floor it took."""
        return self.seconds / (self.needed / self.peak)

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "needed_flops": self.needed,
            "peak_flops_per_second": self.peak,
            "seconds": self.seconds,
            "times_the_floor": self.ratio,
        }

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": self.name,
            "needed": f"{self.needed / 1e12:.2f} TFLOP",
            "peak": f"{self.peak / 1e9:.0f} GFLOP/s",
            "products alone": f"{self.needed / self.peak:.1f} s",
            "engine": f"{self.seconds:.1f} s",
            "times the floor": f"{self.ratio:.1f}",
        }


def of_ablation(task: Task) -> Floor:
    """The all-heads mean-ablation sweep: every head runs its own layer and those above it."""
    best = peak()
    engine = Executor(task.backend)
    engine.run(ablations(task))
    name = f"mean ablation of {len(task.heads())} heads, {len(task.prompts)} prompts"
    return Floor(name, engine.needed_flops, best, engine.seconds)


def peak(device: str = "cpu", dtype: torch.dtype = torch.float32) -> float:
    """The best of several large products as models make them, in operations a second."""
    size = _SIZE if device == "cpu" else 4 * _SIZE
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(_TURNS):
        started = time.perf_counter()
        linear(left, right)
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return 2.0 * size**3 / best
