"""Workers on one machine share its cores: torch would give all of them to each."""

from __future__ import annotations

import os
import sys

_VARIABLE = "OMP_NUM_THREADS"


def share_cores(processes: int) -> None:
    """Let this process compute with its share of the cores, if nobody has said how many.

    Args:
        processes: How many compute on this machine.
    """
    if processes < 2 or _VARIABLE in os.environ:
        return
    threads = max(1, cores() // processes)
    os.environ[_VARIABLE] = str(threads)  # for what is imported from now on
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
