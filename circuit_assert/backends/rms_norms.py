"""RMS norms that write over what they have just made, instead of making it anew."""

from __future__ import annotations

from typing import Any

import torch

from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.linear import is_plain

_GAINS = ("LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm")
_OFFSETS = ("Gemma2RMSNorm", "Gemma3RMSNorm")  # their gain is one plus the weight


def normalise_in_place(model: torch.nn.Module, ways: ShortWays) -> None:
    """Have RMS norms of float32 streams take fewer passes; what comes out is the same bit for bit.

    Args:
        model: Its norms are changed in place.
        ways: Takes note of them.
    """
    ways.give_each(model, _GAINS, _by_gain)
    ways.give_each(model, _OFFSETS, _by_offset)


def _by_gain(norm: Any, stream: torch.Tensor) -> torch.Tensor | None:  # noqa: ANN401
    if not (is_plain(stream) and is_plain(norm.weight)):
        return None
    return _normalised(stream, norm.variance_epsilon).mul_(norm.weight)


def _by_offset(norm: Any, stream: torch.Tensor) -> torch.Tensor | None:  # noqa: ANN401
    if not (is_plain(stream) and is_plain(norm.weight)):
        return None
    return _normalised(stream, norm.eps).mul_(1.0 + norm.weight)


def _normalised(stream: torch.Tensor, epsilon: float) -> torch.Tensor:
    squares = stream.square()
    inverse = squares.mean(-1, keepdim=True).add_(epsilon).rsqrt_()
    return torch.mul(stream, inverse, out=squares)
