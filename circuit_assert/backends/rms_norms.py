"""RMS norms that go over memory less often."""

from __future__ import annotations

from typing import Any

import torch

from circuit_assert.backends.short_ways import ShortWays
from circuit_assert.linear import is_plain

_GAINS = ("LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm")
_OFFSETS = ("Gemma2RMSNorm", "Gemma3RMSNorm")  # their gain is one plus the weight


def normalise_in_place(model: torch.nn.Module, ways: ShortWays) -> None:
    """Have RMS norms of float32 streams take fewer passes; what comes out differs by rounding.

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
    """By its length, for which no squares are written to memory: half the time."""
    length = torch.linalg.vector_norm(stream, dim=-1, keepdim=True)
    return stream * length.square_().div_(stream.shape[-1]).add_(epsilon).rsqrt_()
