"""How much memory a sweep takes beside the model."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import torch

from benchmarks.result import Result
from benchmarks.speed.sweeps import Task, swept_ablations

_GIB = 1 << 30
_EVERY = 0.005  # seconds between looks


@dataclass(frozen=True)
class Memory(Result):
    """What a process held before and at the peak of a sweep.

    Args:
        name: Of the sweep.
        before: Bytes with the model loaded.
        peak: The most bytes at once during the sweep.
    """

    name: str
    before: int
    peak: int

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {"name": self.name, "bytes_before": self.before, "bytes_at_peak": self.peak}

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": self.name,
            "model loaded": f"{self.before / _GIB:.2f} GiB",
            "at the peak": f"{self.peak / _GIB:.2f} GiB",
            "beside the model": f"{(self.peak - self.before) / _GIB:.2f} GiB",
        }


class Peak:
    """The most bytes that a device, or this process, has held.

    Args:
        device: Which; on the CPU the process's resident set is looked at every few milliseconds.
    """

    def __init__(self, device: torch.device) -> None:
        gc.collect()  # what could go already would hide as much of what comes
        self._device, self._process = device, psutil.Process()
        self.bytes = self.now()

    def now(self) -> int:
        """Bytes held at this moment."""
        if self._device.type == "cuda":
            return torch.cuda.memory_allocated(self._device)
        return self._process.memory_info().rss

    @contextmanager
    def watched(self) -> Generator[None]:
        """Take note of the peak while the context lasts."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            yield
            self.bytes = torch.cuda.max_memory_allocated(self._device)
            return
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_EVERY):
            self.bytes = max(self.bytes, self.now())


def of_sweep(task: Task) -> Memory:
    """The all-heads mean-ablation sweep."""
    peak = Peak(task.backend.device)
    before = peak.bytes
    with peak.watched():
        swept_ablations(task)
    name = f"mean ablation of {len(task.heads())} heads, {len(task.prompts)} prompts"
    return Memory(name, before, peak.bytes)
