"""Does a head that is about to predict a token look for that token? From weights.

The QK circuit between what predicts a token (its unembedding, as a direction of the residual
stream) and what a token is when it is read (its effective embedding).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from circuit_assert.linear import linear
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
        return self.compute_all(weights, [self])[0]

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """The ranks of each, in one pass over the vocabulary: embeddings are of no layer."""
        rankings = [_Ranking.of(each, weights) for each in several]
        for embeddings in _of_all_tokens(weights):
            for ranking in rankings:
                ranking.compete(embeddings)
        return [ranking.ahead.clamp_min(1).double().cpu().numpy() for ranking in rankings]


@dataclass(frozen=True, eq=False)
class _Ranking:
    """How many keys are ahead so far.

    Args:
        weights: The model.
        layer: The heads' layer.
        queries: `[distance, head, token, d_head]`.
        needed: The score that is as large as a token's own, `[distance, head, token]`.
        ahead: How many keys have it, as `needed`.
    """

    weights: Weights
    layer: int
    queries: torch.Tensor
    needed: torch.Tensor
    ahead: torch.Tensor

    @classmethod
    def of(cls, ranks: PredictedKeyRanks, weights: Weights) -> _Ranking:
        """None ahead yet."""
        import torch

        tokens = torch.from_numpy(ranks.tokens.numbers(weights.tokenizer))[:_RANKED]
        directions = weights.unembedding(tokens)
        made = [weights.queries_or_keys(ranks.layer, "q", directions, at) for at in ranks.distances]
        queries = torch.stack(made).transpose(1, 2)
        effective = weights.token_embeddings(tokens, effective=True)
        own_keys = weights.queries_or_keys(ranks.layer, "k", effective).transpose(0, 1)
        own = (queries * own_keys).sum(-1)
        # a token's own score is found again with another rounding: it does not beat itself
        slack = 1e-6 * queries.norm(dim=-1) * own_keys.norm(dim=-1)
        ahead = torch.zeros(own.shape, dtype=torch.int64, device=own.device)
        return cls(weights, ranks.layer, queries, own - slack, ahead)

    def compete(self, embeddings: torch.Tensor) -> None:
        """Count those of some tokens' keys that are ahead; of embeddings `[n, d_model]`."""
        keys = self.weights.queries_or_keys(self.layer, "k", embeddings)
        for head in range(keys.shape[1]):
            scores = linear(self.queries[:, head], keys[:, head])
            self.ahead[:, head] += count_ahead(scores, self.needed[:, head])


def _of_all_tokens(weights: Weights) -> Iterator[torch.Tensor]:
    """Effective embeddings of all ordinary tokens, `[n, d_model]` at a time."""
    import torch

    for tokens in torch.from_numpy(weights.tokenizer.ordinary_tokens()).split(_PIECE):
        yield weights.token_embeddings(tokens, effective=True)
