"""How much memory runs may take, and how it shows that they took too much."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import psutil

if TYPE_CHECKING:
    import torch

Some = TypeVar("Some")
KEPT = 9
"""How many times as much as one run takes is kept between runs."""
_KEPT_AND_RUNNING = KEPT + 1
_SHARE = _KEPT_AND_RUNNING + 3
_MOST_ON_A_CPU = 1 << 28  # more rows at once are no faster there


def budget(devices: Sequence[torch.device], most: int | None = None) -> int:
    """Bytes that one run's activations may take, so that three quarters of what is free are enough.

    Args:
        devices: Where the model is. A run passes through all of them, so that the fullest decides.
        most: Bytes that activations may take in all, kept ones included; None for no limit.
    """
    return _at_most(min(map(_room, devices)), most)


def _room(device: torch.device) -> int:
    if device.type != "cuda":
        return _on_a_cpu()
    import torch

    return torch.cuda.mem_get_info(device)[0] // _SHARE


def activations_on_a_cpu(most: int | None = None) -> int:
    """Bytes that activations may take in all, kept ones included, were a model loaded now.

    Args:
        most: Bytes that they may take; None for no limit.
    """
    return _KEPT_AND_RUNNING * _at_most(_on_a_cpu(), most)


def _on_a_cpu() -> int:
    return min(psutil.virtual_memory().available // _SHARE, _MOST_ON_A_CPU)


def _at_most(room: int, most: int | None) -> int:
    return room if most is None else min(room, most // _KEPT_AND_RUNNING)


def release(devices: Sequence[torch.device]) -> None:
    """Give freed memory back, so that other processes and the next model can have it."""
    if any(device.type == "cuda" for device in devices):
        import torch

        torch.cuda.empty_cache()
    if sys.platform == "linux":
        # glibc keeps what lies between pieces that are still used: gigabytes, after long runs
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other libraries have none
        if trim is not None:
            trim(0)


def run_in_halves(
    run: Callable[[Some], None], some: Some, halves_of: Callable[[Some], tuple[Some, Some] | None]
) -> None:
    """Do something with all of some at once; where memory runs out, with each half.

    Args:
        run: Does it.
        some: With what.
        halves_of: Divides it; None where it is one.
    """
    try:
        run(some)
    except (RuntimeError, MemoryError) as problem:
        halves = halves_of(some) if ran_out(problem) else None
        if halves is None:
            raise problem from None
    else:
        return
    for half in halves:
        run_in_halves(run, half, halves_of)


def ran_out(problem: BaseException) -> bool:
    """Whether this says that memory ran out; on the CPU, torch says it in words alone."""
    import torch

    if isinstance(problem, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(problem, RuntimeError) and "can't allocate memory" in str(problem)
