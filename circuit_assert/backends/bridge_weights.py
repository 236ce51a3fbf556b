"""What a bridge's weights are, gains of norms and groups of heads taken into account."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import torch

from circuit_assert.backends.head_inputs import by_query_head, embeddings
from circuit_assert.backends.queries_keys import is_rotary, obstacle, vectors
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


class BridgeWeights:
    """The weights of a `TransformerBridge`, which runs nothing.

    Args:
        bridge: The model. Its blocks may be on several devices: weights are given on one,
            `device`, whatever block they belong to.
        card: Its sizes.
    """

    def __init__(self, bridge: TransformerBridge, card: Card) -> None:
        self.card = card
        self._bridge = bridge
        self.device = self._head()[0].device
        self.has_post_norms = "blocks.0.ln1_post.hook_scale" in bridge.hook_dict

    @torch.no_grad()
    def head_output_weights(self, layer: int) -> torch.Tensor:
        """W_O with the post-attention norm's gain folded in: `[head, d_head, d_model]`."""
        block = self._bridge.blocks[layer]
        split = self._rows(block.attn.o).reshape(self.card.heads, -1, self.card.d_model)
        return split * self._gain(block.ln1_post) if self.has_post_norms else split

    @torch.no_grad()
    def neuron_output_weights(self, layer: int) -> torch.Tensor:
        """W_out with the post-MLP norm's gain folded in: `[d_mlp, d_model]`."""
        block = self._bridge.blocks[layer]
        rows = self._rows(block.mlp.out)
        return rows * self._gain(block.ln2_post) if self.has_post_norms else rows

    @torch.no_grad()
    def head_output_bias(self, layer: int) -> torch.Tensor:
        """What attention writes beside its heads, the gain folded in as for them: `[d_model]`."""
        block = self._bridge.blocks[layer]
        bias = getattr(block.attn.o, "bias", None)
        if bias is None:
            return torch.zeros(self.card.d_model, device=self.device)
        return bias.to(self.device).float() * (
            self._gain(block.ln1_post) if self.has_post_norms else 1.0
        )

    @torch.no_grad()
    def head_input_weights(self, layer: int, which: Literal["q", "k", "v"]) -> torch.Tensor:
        """W_Q, W_K or W_V with the norm's gain folded in: `[head, d_model, d_head]`."""
        block = self._bridge.blocks[layer]
        rows = self._rows(getattr(block.attn, which))
        gain = self._gain(getattr(block, "ln1", None))
        return by_query_head(rows, gain, self.card, centred=self._centres())

    @torch.no_grad()
    def neuron_input_weights(self, layer: int, which: Literal["in", "gate"]) -> torch.Tensor:
        """W_in, or that of gates, with the gain of the norm before it folded in."""
        block = self._bridge.blocks[layer]
        norm = block.ln2 if hasattr(block, "ln2") else getattr(block, "ln1", None)
        rows = self._rows(getattr(block.mlp, which)).T * self._gain(norm)
        return rows - rows.mean(-1, keepdim=True) if self._centres() else rows

    @property
    def has_gated_mlps(self) -> bool:
        """Whether neurons read by two rows, whose readings are multiplied."""
        return hasattr(self._bridge.blocks[0].mlp, "gate")

    @property
    def has_query_key_norms(self) -> bool:
        """Whether queries and keys are normalised, so that no matrix W_QK scores them."""
        return hasattr(self._bridge.blocks[0].attn, "q_norm")

    @property
    def has_rotary_positions(self) -> bool:
        """Whether queries and keys are turned by their positions."""
        return is_rotary(self._bridge)

    @torch.no_grad()
    def token_embeddings(self, tokens: torch.Tensor, *, effective: bool = False) -> torch.Tensor:
        """What tokens put into the residual stream: `[n]` → `[n, d_model]`."""
        made = embeddings(self._bridge, tokens, effective=effective)
        return made.to(self.device)

    @property
    def no_queries_and_keys(self) -> str | None:
        """Why `queries_or_keys` cannot be worked out; None where they can."""
        return obstacle(self._bridge, self.card)

    @torch.no_grad()
    def queries_or_keys(
        self, layer: int, which: Literal["q", "k"], residual: torch.Tensor, position: int = 0
    ) -> torch.Tensor:
        """What a block makes of residual streams, norms and positions included."""
        made = vectors(self._bridge, residual, layer, which, position=position, card=self.card)
        return made.to(self.device)

    @torch.no_grad()
    def unembedding(self, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Unembedding rows times the final norm's gain, minus their vocabulary mean."""
        rows, _ = self._head()
        gain = self._gain(self._bridge.ln_final)
        mean, _ = self._mean_head
        chosen = ((rows if tokens is None else rows[tokens]).float() - mean) * gain
        if self._centres():
            chosen = chosen - chosen.mean(-1, keepdim=True)
        return chosen

    @cached_property
    def _mean_head(self) -> tuple[torch.Tensor, float]:
        rows, bias = self._head()
        return rows.mean(0, dtype=torch.float32), 0.0 if bias is None else float(
            bias.float().mean()
        )

    def _head(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        unembed = self._bridge.unembed.original_component
        return unembed.weight, getattr(unembed, "bias", None)

    @torch.no_grad()
    def final_scale(self, residual: torch.Tensor) -> torch.Tensor:
        """What the final norm divides by: `[..., d_model]` → `[...]`."""
        kind = self._norm_kind()
        if kind is None:
            return torch.ones_like(residual[..., 0])
        centred = residual - residual.mean(-1, keepdim=True) if kind == "LN" else residual
        return (centred.float().pow(2).mean(-1) + float(self._bridge.cfg.eps)).sqrt()

    @torch.no_grad()
    def normalised(self, residual: torch.Tensor) -> torch.Tensor:
        """What a block's norm makes of it, the gain aside: `[..., d_model]`."""
        centred = residual - residual.mean(-1, keepdim=True) if self._centres() else residual
        return centred / self.final_scale(residual)[..., None]

    def _norm_kind(self) -> str | None:
        kind = self._bridge.cfg.normalization_type
        return None if kind is None else ("LN" if kind.upper().startswith("LN") else "RMS")

    def _centres(self) -> bool:
        """Whether norms remove the mean of what they read."""
        return self._norm_kind() == "LN"

    def _gain(self, norm: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's norm component
        weight = getattr(norm, "weight", None)
        if self._norm_kind() is None or weight is None:
            return torch.ones(self.card.d_model, device=self.device)
        offset = 1.0 if getattr(self._bridge.cfg, "rmsnorm_uses_offset", False) else 0.0
        return weight.to(self.device).float() + offset

    def _rows(self, linear: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's linear component
        return _rows_of_inputs(linear).to(self.device).float()


def _rows_of_inputs(linear: Any) -> torch.Tensor:  # noqa: ANN401 - a bridge's linear component
    """Its weights as `[input, output]`: transposed in a Linear, as they are in GPT-2's Conv1D."""
    weights: torch.Tensor = linear.weight
    is_linear = isinstance(linear.original_component, torch.nn.Linear)
    return weights.T if is_linear else weights
