"""Products of activations with weights, by whichever of torch's two libraries is faster here.

On a CPU torch multiplies float32 matrices by MKL, which leaves half of what processors of other
makers than Intel can do unused: 88 of 205 GFLOP/s on one core of an AMD EPYC. oneDNN, which torch
brings as well, does not. Both compute in float32 and differ by rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial

import torch
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

_SIZE = 512
_TIMES = 5
_WORTH_IT = 1.25  # what the clock cannot tell apart stays with torch's own choice


def multiply_fast(model: torch.nn.Module) -> None:
    """Have a model's linear layers multiply as `product` does.

    Args:
        model: Its layers are changed in place.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear | Conv1D):
            module.__dict__["forward"] = partial(_layer, module)


def product(
    rows: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """The product of rows with transposed weights: `[..., in]`, `[out, in]` → `[..., out]`.

    By oneDNN where that is faster: in float32, on a CPU, without gradients.

    Args:
        rows: The rows.
        weights: As a linear layer has them.
        bias: `[out]`, added to each row.
    """
    if rows.numel() == 0 or not (_is_plain(rows) and _is_plain(weights) and onednn_is_faster()):
        return linear(rows, weights, bias)
    return _by_onednn(rows, weights, bias)


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN multiplies float32 matrices clearly faster here: timed once, milliseconds."""
    rows, weights = torch.ones(_SIZE, _SIZE), torch.ones(_SIZE, _SIZE)
    try:
        own, other = (_seconds(by, rows, weights) for by in (linear, _by_onednn))
    except (AttributeError, RuntimeError):
        return False  # this torch was built without it, or has renamed it
    return other * _WORTH_IT < own


def _seconds(by: Callable[..., torch.Tensor], rows: torch.Tensor, weights: torch.Tensor) -> float:
    by(rows, weights, None)
    took: list[float] = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        by(rows, weights, None)
        took.append(time.perf_counter() - started)
    return min(took)


def _layer(layer: torch.nn.Linear | Conv1D, entering: torch.Tensor) -> torch.Tensor:
    is_linear = isinstance(layer, torch.nn.Linear)
    return product(entering, layer.weight if is_linear else layer.weight.T, layer.bias)


def _by_onednn(
    rows: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    made: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weights, bias, "none", [], "")
    return made


def _is_plain(tensor: torch.Tensor) -> bool:
    recorded = torch.is_grad_enabled() and tensor.requires_grad
    return tensor.dtype == torch.float32 and tensor.device.type == "cpu" and not recorded
