"""Gated MLPs whose gates are applied where they lie."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from circuit_assert.backends.short_ways import ShortWays, is_one_of, is_watched
from circuit_assert.linear import is_plain, linear_gelu

_MLPS = ("LlamaMLP", "MistralMLP", "Qwen2MLP", "Qwen3MLP", "Gemma2MLP", "Gemma3MLP")


def gate_in_place(model: torch.nn.Module, ways: ShortWays) -> None:
    """Have gated MLPs write their gates over one another, where nobody reads the gates.

    Args:
        model: Its MLPs are changed in place.
        ways: Takes note of them.
    """
    ways.give_each(model, _MLPS, _gated)


def _gated(mlp: Any, entering: torch.Tensor) -> torch.Tensor | None:  # noqa: ANN401
    layer = getattr(mlp.gate_proj, "original_component", None)
    if type(layer) is not torch.nn.Linear or not is_plain(entering) or not is_plain(layer.weight):
        return None
    if is_watched(mlp.gate_proj) or is_watched(mlp.act_fn):
        return None
    gates = _activated(mlp.act_fn, layer, entering)
    return None if gates is None else mlp.down_proj(gates.mul_(mlp.up_proj(entering)))


def _activated(
    activation: torch.nn.Module, layer: torch.nn.Linear, entering: torch.Tensor
) -> torch.Tensor | None:
    if is_one_of(activation, ("SiLUActivation",)):
        return torch.nn.functional.silu(layer(entering), inplace=True)
    if is_one_of(activation, ("GELUTanh",)) and _is_torch_gelu(activation.act):
        return linear_gelu(entering, layer.weight, layer.bias)
    return None


def _is_torch_gelu(applied: Any) -> bool:  # noqa: ANN401
    return isinstance(applied, partial) and applied.func is torch.nn.functional.gelu
