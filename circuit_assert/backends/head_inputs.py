"""What heads read: tokens by their embedding alone, and W_Q, W_K, W_V as the head sees them."""

from __future__ import annotations

from typing import Any

import torch

from circuit_assert.backends.placement import device_of
from circuit_assert.models.card import Card

_ROWS_AT_ONCE = 4096  # tokens in the first MLP together: 4096 × 2048 float32 is 34 MB


def embeddings(
    bridge: Any,  # noqa: ANN401 - a TransformerBridge
    tokens: torch.Tensor,
    *,
    effective: bool,
) -> torch.Tensor:
    """What tokens put into the residual stream, `[n]` → `[n, d_model]`, float32.

    Learned positions are left out. All norms, gates and scales are the model's own modules.

    Args:
        bridge: The model.
        tokens: Which.
        effective: Whether the first MLP, reading the embedding alone, adds what it writes.
    """
    parts: list[torch.Tensor] = []
    for some in tokens.to(device_of(bridge.embed, tokens.device)).split(_ROWS_AT_ONCE):
        embedded = bridge.embed(some[None])
        if effective:
            embedded = embedded + _first_mlp(bridge, embedded).to(embedded.device)
        parts.append(embedded[0])
    return torch.cat(parts).float()


def _first_mlp(bridge: Any, embedded: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
    block = bridge.blocks[0]
    embedded = embedded.to(device_of(block, embedded.device))
    read = block.ln2(embedded) if hasattr(block, "ln2") else block.ln1(embedded)
    written = block.mlp(read)
    return block.ln2_post(written) if hasattr(block, "ln2_post") else written


def by_query_head(
    rows: torch.Tensor,
    gain: torch.Tensor,
    card: Card,
    *,
    centred: bool,
) -> torch.Tensor:
    """Input weights of every query head, `[head, d_model, d_head]`; heads of a group share theirs.

    Args:
        rows: `[d_model, heads × d_head]`, a row for each coordinate that is read.
        gain: The pre-attention norm's, folded in.
        card: The model's sizes.
        centred: Whether that norm removes the mean of what it reads.
    """
    folded = rows * gain[:, None]
    if centred:
        folded = folded - folded.mean(0)
    split = folded.reshape(card.d_model, -1, card.d_head).transpose(0, 1)
    return split.repeat_interleave(card.heads // len(split), dim=0)
