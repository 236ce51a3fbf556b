"""Attention in fewer steps, in one where nobody reads its scores or its pattern."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch.utils.weak import WeakTensorKeyDictionary
from transformer_lens.model_bridge.generalized_components.position_embeddings_attention import (
    PositionEmbeddingsAttentionBridge,
)

from circuit_assert.backends.short_ways import ShortWays, is_one_of, is_watched
from circuit_assert.linear import is_plain

_ATTENTIONS = (
    "LlamaAttention", "MistralAttention", "Qwen2Attention", "Qwen3Attention", "Gemma3Attention",
)  # fmt: skip
_ABSENT = ("attn_logit_softcapping", "sinks", "key_multiplier")
_OTHERWISE = (
    "use_split_qkv_input", "use_attn_in", "use_attn_result", "gated_q_proj", "qk_norm_after_rope",
    "rotary_interleaved_cos_sin", "rotary_adjacent_pairs",
)  # fmt: skip
_IGNORED = {"position_ids", "use_cache"}
_CAUSAL = WeakTensorKeyDictionary()


def attend_fused(bridge: torch.nn.Module, ways: ShortWays) -> None:
    """Have attention go from queries, keys and values to heads in few steps.

    Where scores before the softmax are read or edited, and where keys of earlier runs are
    remembered, it takes transformer-lens' own. Heads that share keys and values share them in
    memory.

    Args:
        bridge: A model as transformer-lens wraps it; its attention is changed in place.
        ways: Takes note of it.
    """
    for module in bridge.modules():
        if type(module) is PositionEmbeddingsAttentionBridge and _is_known(module):
            ways.give(module, partial(_attended, module))


def _is_known(attention: Any) -> bool:  # noqa: ANN401
    own = attention.original_component
    return (
        own is not None
        and is_one_of(own, _ATTENTIONS)
        and all(getattr(own, name, None) is None for name in _ABSENT)
        and attention._qk_norm_phase in (None, "post_reshape")
        and not attention._qk_norm_per_head
    )


def _attended(
    attention: Any,  # noqa: ANN401 - a bridge
    *arguments: Any,  # noqa: ANN401
    hidden_states: torch.Tensor | None = None,
    position_embeddings: tuple[torch.Tensor, torch.Tensor] | None = None,
    attention_mask: torch.Tensor | None = None,
    past_key_values: Any = None,  # noqa: ANN401
    **others: Any,  # noqa: ANN401
) -> tuple[torch.Tensor, None] | None:
    if hidden_states is None or attention_mask is None or arguments:
        return None
    if past_key_values is not None or others.keys() - _IGNORED or _goes_otherwise(attention):
        return None
    if not _is_usual(attention, hidden_states, position_embeddings, attention_mask):
        return None
    stream = attention.hook_in(hidden_states)
    queries, keys, values = [_by_head(attention, slot, stream) for slot in "qkv"]
    cos, sin = attention._apply_position_embedding_hooks(position_embeddings)
    queries = attention.hook_rot_q(_turned(queries, cos[:, None], sin[:, None]))
    keys = attention.hook_rot_k(_turned(keys, cos[:, None], sin[:, None]))
    by = _by_pattern if is_watched(attention.hook_pattern) else _at_once
    heads = by(attention, queries, keys, values, attention_mask)
    together = heads.transpose(1, 2).reshape(*stream.shape[:-1], -1)
    return attention.hook_out(attention.o(together)), None


def _at_once(
    attention: Any,  # noqa: ANN401
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    causal = _is_causal(mask)
    return torch.nn.functional.scaled_dot_product_attention(
        queries, keys, values,
        attn_mask=None if causal else mask, is_causal=causal,
        scale=attention.original_component.scaling, enable_gqa=True,
    )  # fmt: skip


def _by_pattern(
    attention: Any,  # noqa: ANN401
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
) -> torch.Tensor:
    """Heads that share keys are rows of one product."""
    batch, shared, length, d_head = keys.shape
    together = queries.reshape(batch, shared, -1, d_head)
    scores = (together @ keys.transpose(-2, -1)).view(batch, -1, length, length)
    scores = scores.mul_(attention.original_component.scaling).add_(mask)
    pattern = attention.hook_pattern(scores.softmax(-1))
    heads = pattern.reshape(batch, shared, -1, length) @ values
    return heads.view(batch, -1, length, d_head)


def _is_causal(mask: torch.Tensor) -> bool:
    """Whether each position sees itself and all before it: asked once for all layers of a run."""
    if mask not in _CAUSAL:
        length = mask.shape[-1]
        unseen = mask.new_full((length, length), torch.finfo(mask.dtype).min).triu_(1)
        _CAUSAL[mask] = torch.equal(mask, unseen.expand_as(mask))
    return _CAUSAL[mask]


def _goes_otherwise(attention: Any) -> bool:  # noqa: ANN401
    return (
        attention.training
        or attention.compatibility_mode
        or any(getattr(attention.config, name, False) for name in _OTHERWISE)
        or is_watched(attention.hook_attn_scores)
    )


def _is_usual(
    attention: Any,  # noqa: ANN401
    stream: torch.Tensor,
    positions: tuple[torch.Tensor, torch.Tensor] | None,
    mask: torch.Tensor,
) -> bool:
    """Whether all is float32, turned wholly, with a mask that says what each position sees."""
    if positions is None:
        return False
    length, d_head = stream.shape[1], attention.original_component.head_dim
    return (
        all(is_plain(each) for each in (stream, *positions, mask))
        and all(each.ndim == 3 and each.shape[-1] == d_head for each in positions)
        and mask.ndim == 4
        and mask.shape[-2:] == (length, length)
    )


def _by_head(attention: Any, slot: str, stream: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
    """Queries, keys or values, normalised if they are, `[batch, head, pos, d_head]`."""
    made = getattr(attention, slot)(stream)
    heads = made.view(*stream.shape[:-1], -1, attention.original_component.head_dim)
    if f"{slot}_norm" not in attention.submodules:
        return heads.transpose(1, 2)
    norm, after = getattr(attention, f"{slot}_norm"), getattr(attention, f"hook_{slot}_normed")
    if is_watched(norm):
        return after(norm(heads.transpose(1, 2)))
    return after(norm(heads).transpose(1, 2))  # as they lie in memory: in half the time


def _turned(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Queries or keys turned by their positions, in halves, where they lie."""
    half = heads.shape[-1] // 2
    turned = heads * cos
    turned[..., :half].addcmul_(heads[..., half:], sin[..., :half], value=-1)
    turned[..., half:].addcmul_(heads[..., :half], sin[..., half:])
    return turned
