"""Checks of safetensors files: is the file whole, and is every weight a number?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuit_assert.errors import ModelValidationError

if TYPE_CHECKING:
    import torch

LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000  # the format's own limit


def damage(path: Path) -> str | None:
    """Say what is wrong with a safetensors file, from its header and size only, or None."""
    try:
        expected = _expected_size(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return f"{path.name} has no readable header ({error})"
    found = path.stat().st_size
    return None if found == expected else f"{path.name} has {found:,} bytes, not {expected:,}"


def stated_parameters(folder: Path) -> int:
    """How many numbers a folder's weights are, from the headers of its files only.

    Raises:
        ModelValidationError: when a header cannot be read.
    """
    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        try:
            total += sum(math.prod(entry["shape"]) for entry in _header(path)[1].values())
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelValidationError(f"{path} has no readable header ({error}).") from None
    return total


def check_weights(folder: Path) -> None:
    """Refuse a folder with a NaN or an infinity in a weight; reads each tensor once.

    Raises:
        ModelValidationError: naming the first such tensors.
    """
    bad = [name for path in sorted(folder.glob("*.safetensors")) for name in _not_finite(path)]
    if bad:
        named = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        raise ModelValidationError(
            f"{folder} has weights that are not finite numbers, in {named}. Every measurement "
            "would be meaningless: fetch or convert the model again, in float32 if it overflowed."
        )


def _expected_size(path: Path) -> int:
    length, header = _header(path)
    ends = [entry["data_offsets"][1] for entry in header.values()]
    return LENGTH_BYTES + length + max(ends, default=0)


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    """How long it is, and what it says of each tensor."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if not 0 < length <= LONGEST_HEADER:
            raise ValueError(f"a header of {length:,} bytes")
        header: dict[str, Any] = json.loads(file.read(length))
    return length, {name: entry for name, entry in header.items() if name != "__metadata__"}


def _not_finite(path: Path) -> Iterator[str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 - not a mapping: it has keys() and no iterator
            if not _is_finite(tensors.get_tensor(name)):
                yield name


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether every entry is a number: NaN survives both extremes, and they need no copy."""
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return True
    if tensor.itemsize == 1:
        tensor = tensor.float()  # float8 has no comparison
    return all(bool(extreme.isfinite()) for extreme in tensor.aminmax())
