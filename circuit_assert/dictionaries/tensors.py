"""Numbers from files, never code: safetensors, `.npy` and `.npz` without pickles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from circuit_assert.dictionaries.encoders import Floats
from circuit_assert.errors import ComponentError

_KINDS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}


def tensors_of(file: Path) -> dict[str, Floats]:
    """Every tensor of a `.safetensors`, `.npz` or `.npy` file by its name, in float32.

    Raises:
        ComponentError: when the file is not there, holds anything but numbers, or is of another
            kind.
    """
    if not file.is_file():
        raise ComponentError(f"there is no file {file}.")
    try:
        match file.suffix:
            case ".safetensors":
                return _safetensors(file)
            case ".npz":
                with np.load(file, allow_pickle=False) as arrays:
                    return {name: arrays[name].astype(np.float32) for name in arrays.files}
            case ".npy":
                return {"": np.load(file, allow_pickle=False).astype(np.float32)}
            case _:
                pass
    except (ValueError, KeyError, OSError) as problem:
        raise ComponentError(f"{file} cannot be read as plain numbers: {problem}") from None
    raise ComponentError(
        f"{file} is none of .safetensors, .npz and .npy; files that are unpickled could run code "
        f"and are not read."
    )


def _safetensors(file: Path) -> dict[str, Floats]:
    """By hand, as numpy has no bfloat16 (the format: a header's length, its JSON, the numbers)."""
    content = file.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    found: dict[str, Floats] = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        raw = content[start + begin : start + end]
        if about["dtype"] == "BF16":
            wide = np.frombuffer(raw, np.uint16).astype(np.uint32) << 16
            numbers = wide.view(np.float32)
        elif about["dtype"] in _KINDS:
            numbers = np.frombuffer(raw, _KINDS[about["dtype"]]).astype(np.float32)
        else:
            continue  # counters and masks, which no dictionary computes with
        found[name] = numbers.reshape(about["shape"])
    return found
