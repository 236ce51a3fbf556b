"""The same ranks for a sample of all heads: what a head that was not chosen does to tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Head
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.neurons import unembedding_pieces
from circuit_assert.measurements.ranks import count_ahead
from circuit_assert.models.card import Card
from circuit_assert.prompts.token_samples import Tokens

if TYPE_CHECKING:
    import torch

_SETS, _TRIES = 24, 10
_TOKENS = 64  # of each: 24 × 64 × 640 × 262,144 multiplications take some ten seconds


@dataclass(frozen=True)
class HeadSets:
    """Sets of heads drawn at random, which no claim has chosen; heads of the first layer left out.

    Args:
        size: Heads of each.
        one_layer: Whether those of a set are of one layer.
    """

    size: int = 1
    one_layer: bool = True

    def __str__(self) -> str:
        return "heads drawn at random" if self.size == 1 else f"sets of {self.size} heads"

    def drawn(self, card: Card) -> list[tuple[Head, ...]]:
        """At most 24 different sets; sets of one head have none in common, others may."""
        rng = np.random.default_rng(0)
        every = [[Head(layer, head) for head in range(card.heads)] for layer in range(card.layers)]
        pools = every[1:] if self.one_layer else [[head for layer in every[1:] for head in layer]]
        pools = [pool for pool in pools if len(pool) >= self.size]
        if not pools:
            return []
        sets: dict[tuple[Head, ...], None] = {}
        for _ in range(_TRIES * _SETS):
            pool = pools[int(rng.integers(len(pools)))]
            chosen = rng.choice(len(pool), self.size, replace=False)
            sets.setdefault(tuple(pool[i] for i in sorted(chosen)))
            if len(sets) == _SETS:
                break
        return list(sets)


@dataclass(frozen=True)
class RanksAcrossHeads:
    """Ranks as `OwnRanks` gives them, for sets of heads drawn at random: `[2, set, token]`.

    By how much a token is raised, and by how much it is lowered; of the first 64 tokens.

    Args:
        heads: Which sets.
        tokens: Which tokens, by their effective embedding.
    """

    heads: HeadSets
    tokens: Tokens
    quantity: ClassVar[str] = "rank"

    def __str__(self) -> str:
        return f"own ranks of {self.tokens} in the OV circuits of {self.heads}"

    def compute(self, weights: Weights) -> Array:
        """The ranks."""
        import torch

        tokens = torch.from_numpy(self.tokens.numbers(weights.tokenizer)[:_TOKENS])
        read = weights.normalised(weights.token_embeddings(tokens, effective=True))
        written = [_written(weights, heads, read) for heads in self.heads.drawn(weights.card)]
        if not written:
            return np.empty((2, 0, len(tokens)))
        ranks = _ranks(weights, torch.stack(written), tokens.to(read.device))
        return ranks.double().cpu().numpy()


def _written(weights: Weights, heads: tuple[Head, ...], read: torch.Tensor) -> torch.Tensor:
    """What heads write together for each token, `[token, d_model]`."""
    import torch

    parts = [
        read
        @ weights.head_input_weights(head.layer, "v")[head.head]
        @ weights.head_output_weights(head.layer)[head.head]
        for head in heads
    ]
    return torch.stack(parts).sum(0)


def _ranks(weights: Weights, written: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """`[set, token, d_model]` → `[2, set, token]`; 1 for the token that is raised, lowered most."""
    import torch

    rows = weights.unembedding(tokens)
    own = (written * rows).sum(-1)
    # a token's own logit is found again with another rounding: it does not beat itself
    slack = 1e-6 * written.norm(dim=-1) * rows.norm(dim=-1)
    ahead = torch.zeros(2, *own.shape, dtype=torch.int64, device=own.device)
    for piece in unembedding_pieces(weights):
        logits = linear(written.reshape(-1, written.shape[-1]), piece)
        logits = logits.reshape(*own.shape, -1)
        ahead[1] += count_ahead(-logits, -own - slack)
        ahead[0] += count_ahead(logits, own - slack)
    return ahead.clamp_min(1)
