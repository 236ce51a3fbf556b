"""Norms that are computed once: what only their hooks would see is left out without hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformer_lens.model_bridge.generalized_components.normalization import NormalizationBridge


def compute_norms_once(bridge: torch.nn.Module) -> None:
    """Have each norm run the model's own module alone, while nothing looks inside it.

    The bridge returns what the model's own norm makes, and works out its scale and its normalised
    stream beside it, for hooks: nearly half of the time that a small model takes. With a hook on
    either, both are worked out as ever; what comes out is the same number for number.

    Args:
        bridge: A model as transformer-lens wraps it; its norms are changed in place.
    """
    for module in bridge.modules():
        if isinstance(module, NormalizationBridge) and module.use_native_layernorm_autograd:
            module.__dict__["forward"] = _once(module, module.forward)


def _once(norm: NormalizationBridge, whole: Callable[..., Any]) -> Callable[..., Any]:
    def forward(hidden_states: torch.Tensor, **named: Any) -> torch.Tensor:  # noqa: ANN401
        own = norm.original_component
        if own is None or _is_watched(norm):
            return whole(hidden_states, **named)
        left: torch.Tensor = own(norm.hook_in(hidden_states))
        return norm.hook_out(left.to(hidden_states.dtype))

    return forward


def _is_watched(norm: NormalizationBridge) -> bool:
    return norm.hook_scale.has_hooks() or norm.hook_normalized.has_hooks()
