"""Does a head that is about to predict a token look for that token? From weights.

The QK circuit between what predicts a token (its unembedding, as a direction of the residual
stream) and what a token is when it is read (its effective embedding).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.ranks import count_ahead
from circuit_assert.prompts.token_samples import Tokens

if TYPE_CHECKING:
    import torch

_RANKED = 200  # tokens: 200 × 4 heads × 256 × 262,144 multiplications take some seconds
_PIECE = 4096  # keys at once


@dataclass(frozen=True)
class PredictedKeyRanks:
    """How each token's key ranks for a query that predicts it: `[distance, head, token]`.

    1 for the key with the largest score; keys with as large a score rank before
    it. The query is made of the token's unembedding (the final norm's gain folded in), keys of
    effective embeddings; both by the model's own norms, biases and rotation by position. All
    ordinary tokens compete; of the tokens, the first 200 are ranked.

    Args:
        layer: The heads' layer.
        tokens: Which tokens.
        distances: How far before the query a key stands; it matters with rotary positions only.
    """

    layer: int
    tokens: Tokens
    distances: tuple[int, ...]
    quantity: ClassVar[str] = "rank"

    def __str__(self) -> str:
        return f"ranks of keys of predicted tokens in layer {self.layer} on {self.tokens}"

    def compute(self, weights: Weights) -> Array:
        """The ranks."""
        import torch

        tokens = torch.from_numpy(self.tokens.numbers(weights.tokenizer))[:_RANKED]
        directions = weights.unembedding(tokens)
        queries = torch.stack(
            [self._made(weights, "q", directions, at) for at in self.distances]
        ).transpose(1, 2)
        own_keys = self._made(weights, "k", weights.token_embeddings(tokens, effective=True))
        own_keys = own_keys.transpose(0, 1)
        own = (queries * own_keys).sum(-1)
        # a token's own score is found again with another rounding: it does not beat itself
        slack = 1e-6 * queries.norm(dim=-1) * own_keys.norm(dim=-1)
        ahead = torch.zeros(own.shape, dtype=torch.int64, device=own.device)
        for keys in self._keys(weights):
            scores = torch.einsum("nhtd,khd->nhtk", queries, keys)
            ahead += count_ahead(scores, own - slack)
        return ahead.clamp_min(1).double().cpu().numpy()

    def _keys(self, weights: Weights) -> Iterator[torch.Tensor]:
        """Keys of all ordinary tokens, `[n, head, d_head]` at a time."""
        import torch

        for tokens in torch.from_numpy(weights.tokenizer.ordinary_tokens()).split(_PIECE):
            yield self._made(weights, "k", weights.token_embeddings(tokens, effective=True))

    def _made(
        self,
        weights: Weights,
        which: Literal["q", "k"],
        residual: torch.Tensor,
        position: int = 0,
    ) -> torch.Tensor:
        return weights.queries_or_keys(self.layer, which, residual, position)
