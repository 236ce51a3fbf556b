"""What memory a model needs: as its user says, or about, before anything is loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from circuit_assert.errors import ModelError
from circuit_assert.models.card import Card, bytes_each, parameters
from circuit_assert.models.weights import stated_parameters

if TYPE_CHECKING:
    from circuit_assert.models.spec import ModelSpec

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{prefix}B": 1000**n for n, prefix in enumerate("KMGT", 1)},
    **{f"{prefix}IB": 1024**n for n, prefix in enumerate("KMGT", 1)},
}
_LEAST = 1 << 20  # bytes: less is a slip of the unit
_LIBRARIES = 600 << 20  # what Python holds with torch, transformers and transformer-lens
_KEPT_TOKENS = 1 << 16  # of which every layer's residual stream may be kept
_MOST_ACTIVATIONS = 10 << 28  # bytes: what the engine allows itself on a CPU in all


def memory_needed(spec: ModelSpec) -> int | None:
    """Bytes that loading and measuring a model takes at its peak; None where it is unknown.

    What its user said, or else an estimate: the weights as they are loaded, once more in float32
    (the plain model that they are compared with at first, and what noise floors of narrower
    weights are measured with), activations, and the libraries. Weights are counted in the files
    where they are at hand, and from the sizes otherwise. Nothing is loaded or fetched.

    Args:
        spec: The model.

    Raises:
        ModelError: when its files cannot be read, or it has no such dtype.
    """
    if spec.memory is not None:
        return spec.memory
    card = spec.card()
    if card is None:
        return None
    count = _parameters(spec, card)
    weights = count * (bytes_each(spec.dtype) + bytes_each("float32"))
    kept = 4 * _KEPT_TOKENS * (card.layers + 1) * card.d_model
    return weights + min(kept, _MOST_ACTIVATIONS) + _LIBRARIES


def _parameters(spec: ModelSpec, card: Card) -> int:
    folder = spec.folder_at_hand()
    return (stated_parameters(folder) if folder else 0) or parameters(card)[1]


def bytes_of(size: str | int) -> int:
    """A size in bytes.

    Args:
        size: As "12GiB", "800 MB" or a number of bytes.

    Raises:
        ModelError: when it is no size.
    """
    said = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Z]*)", str(size).strip().upper())
    if isinstance(size, bool) or said is None or said[2] not in _UNITS:
        raise ModelError(f"memory is a size, as '12GiB' or '800MB'; got {size!r}.")
    found = int(float(said[1]) * _UNITS[said[2]])
    if found < _LEAST:
        raise ModelError(f"memory is at least 1 MiB; {size!r} is {found:,} bytes: '12GiB'?")
    return found
