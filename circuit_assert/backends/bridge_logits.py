"""What a bridge's final norm and unembedding make of residual streams."""

from __future__ import annotations

from collections.abc import Generator
from itertools import zip_longest
from typing import TYPE_CHECKING

import torch

from circuit_assert.backends.bridge_weights import BridgeWeights
from circuit_assert.backends.placement import device_of
from circuit_assert.backends.vocabulary import divergences, log_probabilities, top_tokens
from circuit_assert.linear import linear
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_ROWS_AT_ONCE = 128  # rows of full logits held together: 128 × 262,144 float32 is 134 MB
_ROWS_OF_PIECES, _TOKENS_AT_ONCE = 512, 4096  # 8 MB of logits, which caches hold


class BridgeLogits(BridgeWeights):
    """The logits of a `TransformerBridge`, from what leaves its last block.

    Args:
        bridge: The model.
        card: Its sizes.
    """

    def __init__(self, bridge: TransformerBridge, card: Card) -> None:
        super().__init__(bridge, card)
        self._logit_cap = float(getattr(bridge.cfg, "output_logits_soft_cap", 0) or 0)
        self.caps_logits = self._logit_cap > 0

    @torch.no_grad()
    def token_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        normed = self._final_norm(residual)
        rows, bias = self._head()
        # in float32 whatever the dtype: logits of 20 are a sixteenth apart in bfloat16
        logits = torch.einsum("nd,nkd->nk", normed.float(), rows[tokens].float())
        if bias is not None:
            logits = logits + bias[tokens].float()
        return self._capped(logits)

    @torch.no_grad()
    def all_logits(self, residual: torch.Tensor) -> torch.Tensor:
        """Logits of every token: `[n, d_model]` → `[n, vocabulary]`."""
        rows, bias = self._head()
        logits = linear(self._final_norm(residual), rows, bias)
        return self._capped(logits).float()

    @torch.no_grad()
    def entropy(self, residual: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        """Of the next token, in nats: `[n, d_model]` → `[n]`, the scale its own or given."""
        at_once = self._rows_at_once
        scales = [None] if scale is None else scale.split(at_once)
        parts = zip_longest(residual.split(at_once), scales)
        return -torch.cat([divergences(self._pieces(part, by)) for part, by in parts])

    @torch.no_grad()
    def divergence(self, residual: torch.Tensor, logs: torch.Tensor) -> torch.Tensor:
        """KL divergence of the next token to log q of each, in nats: `[n, d_model]` → `[n]`."""
        parts = residual.split(self._rows_at_once)
        return torch.cat([divergences(self._pieces(part), logs) for part in parts])

    @torch.no_grad()
    def log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """log p of k tokens each, in nats: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        at_once = self._rows_at_once
        parts = zip(residual.split(at_once), tokens.split(at_once), strict=True)
        return torch.cat([self._log_probabilities(part, of) for part, of in parts])

    def _log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        if self._piece < self.card.vocabulary:
            return log_probabilities(self._pieces(residual), tokens)
        whole = torch.log_softmax(self.all_logits(residual), dim=-1)
        return whole.gather(1, tokens)

    @torch.no_grad()
    def centred_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each minus the vocabulary's mean: `[n, k]`."""
        if self.caps_logits:
            parts = residual.split(_ROWS_AT_ONCE)
            mean = torch.cat([self.all_logits(part).mean(-1) for part in parts])
        else:
            mean = self._mean_logit(residual)
        return self.token_logits(residual, tokens) - mean[:, None]

    def _mean_logit(self, residual: torch.Tensor) -> torch.Tensor:
        """That of the mean unembedding, as logits are linear in it: `[n, d_model]` → `[n]`."""
        row, bias = self._mean_head
        return self._final_norm(residual).float() @ row + bias

    @torch.no_grad()
    def top_tokens(self, residual: torch.Tensor, k: int) -> torch.Tensor:
        """The k tokens with the largest logits: `[n, d_model]` → `[n, k]`."""
        parts = residual.split(self._rows_at_once)
        return torch.cat([top_tokens(self._pieces(part), k) for part in parts])

    def _pieces(
        self, residual: torch.Tensor, scale: torch.Tensor | None = None
    ) -> Generator[tuple[int, torch.Tensor]]:
        """Logits of some tokens after the others, each with the first of them."""
        rows, bias = self._head()
        normed = self._final_norm(residual)
        if scale is not None and self._norm_kind() is not None:
            normed = self._at_scale(normed, self.final_scale(residual) / scale)
        for first in range(0, len(rows), self._piece):
            some = slice(first, first + self._piece)
            logits = linear(normed, rows[some], None if bias is None else bias[some])
            yield first, self._capped(logits).float()

    @property
    def _piece(self) -> int:
        """Tokens whose logits are made together: all on a GPU."""
        return _TOKENS_AT_ONCE if self.device.type == "cpu" else self.card.vocabulary

    @property
    def _rows_at_once(self) -> int:
        """Rows of logits held together, of a piece of the vocabulary on a CPU."""
        return _ROWS_OF_PIECES if self.device.type == "cpu" else _ROWS_AT_ONCE

    def _final_norm(self, residual: torch.Tensor) -> torch.Tensor:
        if self._norm_kind() is None:
            return residual
        norm = self._bridge.ln_final
        return norm(residual[None].to(device_of(norm, self.device)))[0].to(self.device)

    def _at_scale(self, normed: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
        """What the final norm gives, stretched, its bias left as it is: `[n, d_model]`, `[n]`."""
        bias = getattr(self._bridge.ln_final, "bias", None)
        offset = 0.0 if bias is None else bias.to(self.device).float()
        stretched = (normed.float() - offset) * by.float()[:, None] + offset
        return stretched.to(normed.dtype)

    def _capped(self, logits: torch.Tensor) -> torch.Tensor:
        cap = self._logit_cap
        return cap * torch.tanh(logits / cap) if self.caps_logits else logits
