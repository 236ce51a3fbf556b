"""Which tokens' keys a head's queries score: spectra, ranks on the diagonal, pairs, and chance.

The QK circuit on tokens is Q M Kᵀ. Queries and keys are made of tokens as the head reads them,
through the pre-attention norm and the norms of queries and keys where there are such; M is what
rotations leave between them, the mean over some distances. A number for each query cancels in the
softmax, so keys are centred over the tokens; biases and other positions are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from circuit_assert.components import Head
from circuit_assert.errors import ModelError
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.low_rank import LowRank, low_rank
from circuit_assert.measurements.spectra import turned_positivities
from circuit_assert.prompts.token_samples import NamedTokens, TokenSample

if TYPE_CHECKING:
    import torch

_GROUPS = 40  # of tokens, for the jackknife
_RANKED = 1000
_SETS = 12  # of other heads, mismatched with each other: 132 pairs
_CHANCE_TOKENS = 1024  # spectra of mismatched heads are worked out on so many


@dataclass(frozen=True)
class QKCircuit:
    """A head, and how its queries and keys are seen.

    Args:
        head: The head.
        effective: Whether tokens are their embedding and what the first MLP makes of it.
        distances: From the query back to the key; scores are means over them. Of no consequence
            where positions do not turn queries and keys.
    """

    head: Head
    effective: bool
    distances: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.head}{' behind the first MLP' * self.effective}"

    def read(self, weights: Weights, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens as a head reads them, and at last nothing at all: `[token + 1, d_model]`.

        Raises:
            ModelError: where queries and keys of tokens alone cannot be told.
        """
        import torch

        if weights.no_queries_and_keys:
            raise ModelError(
                f"{weights.no_queries_and_keys}, so that nothing is known of how tokens match."
            )
        read = weights.token_embeddings(tokens, effective=self.effective)
        return torch.cat([read, torch.zeros_like(read[:1])])

    def queries(self, weights: Weights, read: torch.Tensor) -> torch.Tensor:
        """Queries as they meet keys at the distances, averaged, `[token, d_head]`, float64."""
        turned = [self._made(weights, read, "q", distance) for distance in self.distances]
        return sum(turned[1:], turned[0]) / len(turned)

    def keys(self, weights: Weights, read: torch.Tensor) -> torch.Tensor:
        """Keys, `[token, d_head]`, float64."""
        return self._made(weights, read, "k", 0)

    def of(self, head: Head) -> QKCircuit:
        """The same of another head."""
        return QKCircuit(head, self.effective, self.distances)

    def _made(
        self, weights: Weights, read: torch.Tensor, which: Literal["q", "k"], position: int
    ) -> torch.Tensor:
        """Of the tokens, less what is made of nothing at all: biases."""
        made = weights.queries_or_keys(self.head.layer, which, read, position)
        return (made[:-1] - made[-1:])[:, self.head.head].double()


@dataclass(frozen=True)
class QKOnTokens:
    """The product whose eigenvalues are the QK circuit's, by group of tokens: `[group, r, r]`.

    The sum over all groups has the non-zero eigenvalues of Q M Kᵀ over these tokens.

    Args:
        of: The circuit.
        tokens: Which tokens.
    """

    of: QKCircuit
    tokens: TokenSample | NamedTokens
    quantity: ClassVar[str] = "positivity"

    def __str__(self) -> str:
        return f"QK spectrum of {self.of} on {self.tokens}"

    def compute(self, weights: Weights) -> Array:
        """The products."""
        import torch

        scores = _scores_of(weights, self.of, _read(weights, self))
        count = len(scores.reads)
        group = torch.arange(count) % min(_GROUPS, count)
        parts = [
            scores.writes[:, group == g] @ scores.reads[group == g]
            for g in range(int(group.max()) + 1)
        ]
        return torch.stack(parts).cpu().numpy()


@dataclass(frozen=True)
class QKByChance:
    """Positivity of QK circuits that are not the head's: `[2, draw]`, NaN where there are fewer.

    The first row turns queries against keys by random rotations; the second has queries of other
    heads and keys of heads of other layers, turned as well.

    Args:
        of: The circuit.
        tokens: Which tokens.
        draws: How many of each.
    """

    of: QKCircuit
    tokens: TokenSample | NamedTokens
    draws: int
    quantity: ClassVar[str] = "positivity"

    def __str__(self) -> str:
        return f"QK positivity by chance of {self.of} on {self.tokens}"

    def compute(self, weights: Weights) -> Array:
        """The positivities."""
        rng = np.random.default_rng(0)
        numbers = _numbers(weights, self.tokens)
        own = _scores_of(weights, self.of, self.of.read(weights, numbers))
        some = self.of.read(weights, numbers[:_CHANCE_TOKENS])
        others = self._mismatched(weights, some, rng)
        return np.stack(
            [
                self._positivities([(own, own)] * self.draws, rng),
                self._positivities(others, rng),
            ]
        )

    def _positivities(
        self, pairs: Sequence[tuple[LowRank, LowRank]], rng: np.random.Generator
    ) -> Array:
        @lru_cache(maxsize=1)  # one that is turned again and again; others come once each
        def between(pair: tuple[LowRank, LowRank]) -> Array:
            asks, answers = pair
            return (answers.writes @ asks.reads).cpu().numpy()

        found = np.full(self.draws, np.nan)
        found[: len(pairs)] = turned_positivities(map(between, pairs), rng)
        return found

    def _mismatched(
        self, weights: Weights, read: torch.Tensor, rng: np.random.Generator
    ) -> list[tuple[LowRank, LowRank]]:
        card = weights.card
        every = [Head(layer, head) for layer in range(card.layers) for head in range(card.heads)]
        first = 1 if self.of.effective else 0
        others = [h for h in every if h != self.of.head and h.layer >= first]
        chosen = [others[i] for i in rng.permutation(len(others))[:_SETS]]
        known = {head: _scores_of(weights, self.of.of(head), read) for head in chosen}
        apart = [
            (known[a], known[b])
            for a, b in permutations(chosen, 2)
            if a.layer != b.layer and known[a].rank and known[b].rank
        ]
        return [apart[i] for i in rng.permutation(len(apart))[: self.draws]]


@dataclass(frozen=True)
class OwnKeyRanks:
    """Which part of all keys each token's query scores at least as high as its own: `[token]`.

    Between 1/n, where its own comes first, and 1; n tokens compete, the first 1000 are ranked.

    Args:
        of: The circuit.
        tokens: Which tokens.
    """

    of: QKCircuit
    tokens: TokenSample | NamedTokens
    quantity: ClassVar[str] = "rank"

    def __str__(self) -> str:
        return f"own keys' ranks in the QK circuit of {self.of} on {self.tokens}"

    def compute(self, weights: Weights) -> Array:
        """The parts."""
        scores = _scores_of(weights, self.of, _read(weights, self))
        table = scores.reads[:_RANKED] @ scores.writes
        own = table.diagonal()
        # scores of float32 weights: what differs by rounding alone ranks ahead
        slack = 1e-6 * table.abs().amax(1)
        ahead = (table >= (own - slack)[:, None]).double().mean(1)
        return ahead.cpu().numpy()


@dataclass(frozen=True)
class PairScores:
    """Scores of some queries with some keys, `[query, key]`, in standard deviations of them all.

    Each row and column is centred, so that neither queries nor keys that score anything high count.

    Args:
        of: The circuit.
        queries: Tokens.
        keys: As many tokens.
    """

    of: QKCircuit
    queries: NamedTokens
    keys: NamedTokens
    quantity: ClassVar[str] = "standard deviations"

    def __str__(self) -> str:
        return f"QK scores of {self.of}, {self.queries} with {self.keys}"

    def compute(self, weights: Weights) -> Array:
        """The scores; all NaN where they are the same."""
        of, read = self.of, self.of.read
        asks = of.queries(weights, read(weights, _numbers(weights, self.queries)))
        answers = of.keys(weights, read(weights, _numbers(weights, self.keys)))
        table = (asks @ answers.T).cpu().numpy()
        size = float(np.abs(table).max())
        table = table - table.mean(1, keepdims=True)
        table -= table.mean(0)
        spread = float(table.std())
        return table / spread if spread > 1e-6 * size else np.full_like(table, np.nan)


def _read(weights: Weights, measurement: QKOnTokens | OwnKeyRanks) -> torch.Tensor:
    return measurement.of.read(weights, _numbers(weights, measurement.tokens))


def _scores_of(weights: Weights, of: QKCircuit, read: torch.Tensor) -> LowRank:
    """The scores of tokens with each other, balanced: `reads` of queries, `writes` of keys."""
    keys = of.keys(weights, read)
    return low_rank(of.queries(weights, read), (keys - keys.mean(0)).T)


def _numbers(weights: Weights, tokens: TokenSample | NamedTokens) -> torch.Tensor:
    import torch

    return torch.from_numpy(tokens.numbers(weights.tokenizer))
