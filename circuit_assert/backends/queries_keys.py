"""Queries and keys of residual streams that never ran: what an attention score is made of."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Literal

import torch

from circuit_assert.backends.placement import device_of
from circuit_assert.models.card import Card


def vectors(
    bridge: Any,  # noqa: ANN401 - a TransformerBridge
    residual: torch.Tensor,
    layer: int,
    which: Literal["q", "k"],
    *,
    position: int,
    card: Card,
) -> torch.Tensor:
    """Queries or keys of every query head, `[n, head, d_head]`, float32.

    The pre-attention norm, biases, query and key norms and the rotation by position are the
    model's own modules. Heads of a group share their keys.

    Args:
        bridge: The model.
        residual: `[n, d_model]`, what enters the block.
        layer: Which block.
        which: Queries or keys.
        position: Where they stand; with rotary positions only.
        card: The model's sizes.
    """
    block = bridge.blocks[layer]
    dtype = next(bridge.original_model.parameters()).dtype
    residual = residual.to(device_of(block, residual.device), dtype)[None]
    read = block.ln1(residual) if hasattr(block, "ln1") else residual
    made = getattr(block.attn, which)(read).reshape(len(residual[0]), -1, card.d_head)
    norm = getattr(block.attn, f"{which}_norm", None)
    if norm is not None:
        made = norm(made)
    if is_rotary(bridge):
        made = _turned(bridge, block.attn.original_component, made, position)
    return made.float().repeat_interleave(card.heads // made.shape[1], dim=1)


def obstacle(bridge: Any, card: Card) -> str | None:  # noqa: ANN401 - a TransformerBridge
    """Why queries and keys cannot be worked out one token at a time; None where they can."""
    attention = bridge.blocks[0].attn
    if not (hasattr(attention, "q") and hasattr(attention, "k")):
        return "queries and keys are not made by matrices of their own"
    norm = getattr(attention, "q_norm", None)
    weight = getattr(norm, "weight", None)
    if norm is not None and (weight is None or tuple(weight.shape) != (card.d_head,)):
        return "queries and keys are normalised over several heads together"
    if is_rotary(bridge) and (
        not hasattr(bridge, "rotary_emb") or _rotation_of(attention.original_component) is None
    ):
        return "queries and keys are turned by their positions in a way that is not known here"
    return None


def is_rotary(bridge: Any) -> bool:  # noqa: ANN401
    """Whether queries and keys are turned by their positions."""
    return getattr(bridge.cfg, "positional_embedding_type", None) == "rotary"


def _turned(bridge: Any, attention: Any, made: torch.Tensor, position: int) -> torch.Tensor:  # noqa: ANN401
    rotary = bridge.rotary_emb.original_component
    places = torch.tensor([[position]], device=made.device)
    asked = {"layer_type": attention.layer_type} if _by_layer_type(rotary) else {}
    cos, sin = rotary(made[None], places, **asked)
    cos, sin = cos.to(made.device), sin.to(made.device)
    turn = _rotation_of(attention)
    by_head = made.transpose(0, 1)[None]  # [1, head, n, d_head]: n plays the part of positions
    return turn(by_head, by_head, cos, sin)[0][0].transpose(0, 1)


def _by_layer_type(rotary: Any) -> bool:  # noqa: ANN401
    return "layer_type" in inspect.signature(rotary.forward).parameters


def _rotation_of(attention: Any) -> Any:  # noqa: ANN401
    """The function by which the model's own code turns queries and keys."""
    return getattr(sys.modules[type(attention).__module__], "apply_rotary_pos_emb", None)
