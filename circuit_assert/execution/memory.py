"""How much memory runs may take, and how it shows that they took too much."""

from __future__ import annotations

import psutil
import torch

_SHARE = 4  # a quarter for one run's activations; twice as much may be kept between runs
_MOST_ON_A_CPU = 1 << 29  # more rows at once are no faster there


def budget(device: torch.device, most: int | None = None) -> int:
    """Bytes that one run's activations may take: a quarter of what is free.

    Args:
        device: Where the model is.
        most: Bytes that activations may take in all, kept ones included; None for no limit.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        room = free // _SHARE
    else:
        room = min(psutil.virtual_memory().available // _SHARE, _MOST_ON_A_CPU)
    return room if most is None else min(room, most // (_SHARE - 1))


def ran_out(problem: BaseException) -> bool:
    """Whether this says that memory ran out; on the CPU, torch says it in words alone."""
    if isinstance(problem, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(problem, RuntimeError) and "can't allocate memory" in str(problem)
