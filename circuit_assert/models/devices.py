"""Where a model is loaded: one device, several, or whatever this machine has."""

from __future__ import annotations

import re

from circuit_assert.errors import ModelError

AUTO = "auto"
CHOICES = "cpu, mps, cuda, cuda:1, auto, or cuda:0,cuda:1"
"""Spellings of every kind, for messages."""
_ONE = re.compile(r"cpu|mps|cuda(:\d+)?|auto")
_OF_SEVERAL = re.compile(r"cuda:(\d+)")


def device_of(said: str) -> str:
    """A device as everything else spells it: several ones in order, without spaces.

    Args:
        said: "cpu", "mps", "cuda", "cuda:1"; "cuda:0,cuda:1" to spread the blocks over these;
            "auto" for all GPUs of the machine, or its CPU.

    Raises:
        ModelError: for anything else, with the nearest of these.
    """
    names = [name.strip() for name in said.split(",")]
    if len(names) == 1:
        if not _ONE.fullmatch(names[0]):
            raise ModelError(f"{said!r} is no device: write {CHOICES}.")
        return names[0]
    numbers = [found[1] for name in names if (found := _OF_SEVERAL.fullmatch(name))]
    if len(numbers) < len(names):
        bare = [name.removeprefix("cuda:") for name in names]
        near = ",".join(f"cuda:{number}" for number in bare if number.isdigit())
        raise ModelError(
            f"{said!r} is no list of devices: blocks are spread over CUDA devices only, each with "
            f"its number: write {near if ',' in near else 'cuda:0,cuda:1'}."
        )
    if len(set(numbers)) < len(numbers):
        raise ModelError(f"{said!r} names a device twice: write each once, as cuda:0,cuda:1.")
    return ",".join(f"cuda:{number}" for number in sorted(map(int, numbers)))


def devices_here(device: str) -> tuple[str, ...]:
    """The devices of this machine that a spelling means; "auto" is settled. Imports torch.

    Args:
        device: As `device_of` gives it.

    Raises:
        ModelError: when one of them is not here, naming those that are.
    """
    import torch

    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == AUTO:
        if there:
            return tuple(f"cuda:{number}" for number in range(there))
        return ("mps",) if torch.backends.mps.is_available() else ("cpu",)
    names = tuple(device.split(","))
    if device.startswith("cuda") and not there:
        raise ModelError(f"no CUDA device is available here: use device cpu, not {device}.")
    if device == "mps" and not torch.backends.mps.is_available():
        raise ModelError("no mps device is available here: use device cpu.")
    for name in names:
        number = _OF_SEVERAL.fullmatch(name)
        if number and int(number[1]) >= there:
            last = f" to cuda:{there - 1}" if there > 1 else ""
            raise ModelError(f"there is no {name}: CUDA devices are cuda:0{last}.")
    return names


def settled(device: str) -> str:
    """Where a model is in fact, told before it is loaded: "auto" is no place.

    Raises:
        ModelError: when it is not here.
    """
    return ",".join(devices_here(device)) if device == AUTO else device
