"""Where workers compute: the GPUs that the caller sees, one for each worker, and the memory there.

torch is not asked: a worker has to be pinned before it is imported.
"""

from __future__ import annotations

import csv
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_circuit_assert.distribution.threads import cores

if TYPE_CHECKING:
    from execnet import XSpec

MASK = "CUDA_VISIBLE_DEVICES"
_ASKED = ("nvidia-smi", "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Place:
    """Where a process computes; by default nobody knows.

    Args:
        host: The machine's name.
        cores: How many the process may use.
        memory: Bytes that were free when it began.
        devices: The GPUs that it sees, as `CUDA_VISIBLE_DEVICES` names them.
        device_memory: Bytes of the first of them; None where nobody knows.
    """

    host: str = ""
    cores: int = 0
    memory: int = 0
    devices: tuple[str, ...] = ()
    device_memory: int | None = None

    def plain(self) -> dict[str, Any]:
        """Builtins, which travel between processes."""
        return asdict(self)


def here() -> Place:
    """This process's."""
    import psutil

    seen = visible()
    return Place(
        host=platform.node(),
        cores=cores(),
        memory=psutil.virtual_memory().available,
        devices=tuple(seen),
        device_memory=memory_of(seen[0]) if seen else None,
    )


def visible() -> list[str]:
    """The GPUs of the caller's own `CUDA_VISIBLE_DEVICES`, or all; as that variable names them."""
    mask = os.environ.get(MASK)
    if mask is None:
        return [index for index, _, _ in _installed()]
    seen: list[str] = []
    for each in map(str.strip, mask.split(",")):
        if not each or each.startswith("-"):
            break  # CUDA hides what comes after a name that it does not know
        seen.append(each)
    return seen


def memory_of(device: str) -> int | None:
    """Bytes of a GPU; None where nobody knows.

    Args:
        device: An index, or the beginning of a UUID.
    """
    for index, uuid, mebibytes in _installed():
        if device == index or uuid.startswith(device):
            return int(mebibytes) << 20 if mebibytes.isdecimal() else None
    return None


def pin(specs: Sequence[XSpec], seen: Sequence[str]) -> None:
    """Give each local worker one GPU, in turns; a worker that was given one by hand keeps it.

    Args:
        specs: execnet's, of the workers.
        seen: The GPUs that this process sees.
    """
    local = [spec for spec in specs if spec.popen and MASK not in spec.env]
    for number, spec in enumerate(local if seen else ()):
        spec.env[MASK] = seen[number % len(seen)]


def _installed() -> list[tuple[str, str, str]]:
    """Index, UUID and MiB of each GPU, as NVIDIA's own tool tells them."""
    try:
        told = subprocess.run(_ASKED, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 - fixed
    except (OSError, subprocess.SubprocessError):
        return []
    rows = csv.reader(told.stdout.splitlines(), skipinitialspace=True)
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]
