"""Products of activations with weights, by whichever of torch's two libraries is faster here.

On a CPU torch multiplies float32 matrices by MKL, which leaves much of what processors of other
makers than Intel can do unused. oneDNN, which torch brings as well, does not. Both compute in
float32 and differ by rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SIZE = 512
_TURNS = 15
_WORTH_IT = 1.25  # what the clock cannot tell apart stays with torch's own choice


def linear(
    rows: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """The product of rows with transposed weights: `[..., in]`, `[out, in]` → `[..., out]`.

    By oneDNN where that is faster: in float32, on a CPU, without gradients.

    Args:
        rows: The rows.
        weights: As a linear layer has them.
        bias: `[out]`, added to each row.
    """
    if not _is_for_onednn(rows, weights):
        return _by_torch(rows, weights, bias)
    return _by_onednn(rows, _dense(weights), bias)


def _is_for_onednn(rows: torch.Tensor, weights: torch.Tensor) -> bool:
    return rows.numel() > 0 and is_plain(rows) and is_plain(weights) and onednn_is_faster()


def _dense(weights: torch.Tensor) -> torch.Tensor:
    """Weights between others, as those of GPT-2's queries are, oneDNN multiplies very slowly."""
    dense = weights.is_contiguous() or weights.T.is_contiguous()
    return weights if dense else weights.contiguous()


def linear_gelu(
    rows: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """GELU, as its tanh approximation has it, of what `linear` gives.

    oneDNN applies it while it multiplies, where it is used at all: as exact as torch's, and its
    tanh takes a fraction of the time.

    Args:
        rows: `[..., in]`.
        weights: `[out, in]`, as a linear layer has them.
        bias: `[out]`, added to each row.
    """
    import torch

    if not _is_for_onednn(rows, weights):
        return torch.nn.functional.gelu(linear(rows, weights, bias), approximate="tanh")
    return _by_onednn(rows, _dense(weights), bias, "gelu", "tanh")


def is_plain(tensor: torch.Tensor) -> bool:
    """Whether it is float32 on a CPU, with no gradient recorded."""
    import torch

    recorded = torch.is_grad_enabled() and tensor.requires_grad
    return tensor.dtype == torch.float32 and tensor.device.type == "cpu" and not recorded


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN multiplies float32 matrices clearly faster here: timed once, milliseconds."""
    import torch

    rows, weights = torch.ones(_SIZE, _SIZE), torch.ones(_SIZE, _SIZE)
    try:
        own, other = _seconds_of_each((_by_torch, _by_onednn), rows, weights)
    except (AttributeError, RuntimeError):
        return False  # this torch was built without it, or has renamed it
    return other * _WORTH_IT < own


def _seconds_of_each(
    ways: Sequence[Callable[..., torch.Tensor]], rows: torch.Tensor, weights: torch.Tensor
) -> list[float]:
    """The best of some turns of each way, in turn: what else runs meanwhile slows them alike."""
    for way in ways:
        _seconds(way, rows, weights)  # the first time, each prepares itself
    turns = [[_seconds(way, rows, weights) for way in ways] for _ in range(_TURNS)]
    return [min(took) for took in zip(*turns, strict=True)]


def _seconds(way: Callable[..., torch.Tensor], rows: torch.Tensor, weights: torch.Tensor) -> float:
    started = time.perf_counter()
    way(rows, weights, None)
    return time.perf_counter() - started


def _by_torch(rows: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    import torch

    return torch.nn.functional.linear(rows, weights, bias)


def _by_onednn(
    rows: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | None,
    activation: str = "none",
    algorithm: str = "",
) -> torch.Tensor:
    import torch

    multiplied = torch.ops.mkldnn._linear_pointwise
    made: torch.Tensor = multiplied(rows, weights, bias, activation, [], algorithm)
    return made
