"""What OV circuits do to tokens, from weights: spectra, ranks on the diagonal, and chance.

The OV circuit takes a token as the head reads it, through the pre-attention norm, by W_V and W_O
to the logits: E W_V W_O U, one row for each source token. Both norms' gains are folded in,
the unembedding is centred over the vocabulary, biases and positions are left out.
Sums of heads are made of their weights side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import permutations
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias

import numpy as np

from circuit_assert.components import Head
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.low_rank import LowRank, low_rank, product
from circuit_assert.measurements.neurons import unembedding_pieces
from circuit_assert.measurements.ranks import count_ahead
from circuit_assert.measurements.spectra import turned_positivities
from circuit_assert.prompts.token_samples import Tokens

if TYPE_CHECKING:
    import torch

_GROUPS = 40  # of tokens, for the jackknife
_RANKED = 1000  # tokens that are ranked: more would take minutes with large vocabularies
_SETS = 12  # of other heads, mismatched with each other: 132 pairs

_WeightsOf: TypeAlias = "Callable[[tuple[Head, ...]], LowRank]"


@dataclass(frozen=True)
class OVCircuit:
    """Heads whose outputs are summed, and the tokens they are seen on.

    Args:
        heads: One or more.
        tokens: Which tokens.
        effective: Whether tokens are their embedding and what the first MLP makes of it.
    """

    heads: tuple[Head, ...]
    tokens: Tokens
    effective: bool

    def read(self, weights: Weights) -> torch.Tensor:
        """The tokens as heads read them, `[token, d_model]`."""
        tokens = self.numbers(weights)
        return weights.normalised(weights.token_embeddings(tokens, effective=self.effective))

    def numbers(self, weights: Weights) -> torch.Tensor:
        """The tokens' numbers."""
        import torch

        return torch.from_numpy(self.tokens.numbers(weights.tokenizer))


@dataclass(frozen=True)
class OVOnTokens:
    """The product whose eigenvalues are the OV circuit's, by group of tokens: `[group, r, r]`.

    Σ over a group's tokens of (what W_O makes of the logit) × (what W_V reads of the token). The
    sum over all groups has the non-zero eigenvalues of E W_V W_O U over these tokens.
    """

    of: OVCircuit
    quantity: ClassVar[str] = "positivity"

    def __str__(self) -> str:
        return f"OV spectrum of {_said(self.of)}"

    def compute(self, weights: Weights) -> Array:
        """The products; none of any size where the heads write nothing."""
        import torch

        circuit = _weights_of(weights, self.of.heads)
        source = product(self.of.read(weights).double(), circuit.reads)
        unembedding = weights.unembedding(self.of.numbers(weights)).double()
        target = product(unembedding, circuit.writes.T)
        group = torch.arange(len(source)) % min(_GROUPS, len(source))
        parts = [target[group == g].T @ source[group == g] for g in range(int(group.max()) + 1)]
        return torch.stack(parts).cpu().numpy()


@dataclass(frozen=True)
class OVByChance:
    """Positivity of circuits that are not the heads': `[2, draw]`, NaN where there are fewer.

    The first row turns what the heads read before they write it, by random rotations. The second
    has what other heads read written by heads of other layers, turned as well: which coordinate of
    one head's values meets which of another's is arbitrary, for each may be rotated and nothing
    changes.

    Args:
        of: The heads and the tokens.
        draws: How many of each.
    """

    of: OVCircuit
    draws: int
    quantity: ClassVar[str] = "positivity"

    def __str__(self) -> str:
        return f"OV positivity by chance of {_said(self.of)}"

    def compute(self, weights: Weights) -> Array:
        """The positivities."""
        return self.compute_all(weights, [self])[0]

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """The positivities of each; what is mismatched, and how it turns, is the same for many."""
        others = lru_cache(maxsize=2 * _SETS)(partial(_weights_of, weights))
        known: dict[Hashable, Array] = {}
        return [each._positivities(weights, others, known) for each in several]

    def _positivities(
        self, weights: Weights, others: _WeightsOf, known: dict[Hashable, Array]
    ) -> Array:
        rng = np.random.default_rng(0)
        pairs = self._mismatched(weights, others, rng)
        read = self.of.read(weights).double()
        unembedding = weights.unembedding(self.of.numbers(weights)).double()
        circuit = _weights_of(weights, self.of.heads)
        own = self._turned(read, unembedding, [(circuit, circuit)] * self.draws, rng)
        # all that mismatched circuits depend on, with where the random numbers stand
        row = tuple(pairs), replace(self.of, heads=()), self.draws, str(rng.bit_generator.state)
        if row not in known:
            apart = [(others(reads), others(writes)) for reads, writes in pairs]
            known[row] = self._turned(read, unembedding, apart, rng)
        return np.stack([own, known[row]])

    def _turned(
        self,
        read: torch.Tensor,
        unembedding: torch.Tensor,
        pairs: Sequence[tuple[LowRank, LowRank]],
        rng: np.random.Generator,
    ) -> Array:
        """The positivity of each reader with its writer, turned at random, `[draw]`."""
        readers, writers = {reader for reader, _ in pairs}, {writer for _, writer in pairs}
        sources = {reader: product(read, reader.reads) for reader in readers}
        targets = {writer: product(unembedding, writer.writes.T) for writer in writers}

        @lru_cache(maxsize=1)  # one that is turned again and again; others come once each
        def between(pair: tuple[LowRank, LowRank]) -> Array:
            reader, writer = pair
            return _between(sources[reader], targets[writer])

        found = np.full(self.draws, np.nan)
        found[: len(pairs)] = turned_positivities(map(between, pairs), rng)
        return found

    def _mismatched(
        self, weights: Weights, others: _WeightsOf, rng: np.random.Generator
    ) -> list[tuple[tuple[Head, ...], tuple[Head, ...]]]:
        size, layers = len(self.of.heads), range(weights.card.layers)
        every = [Head(layer, head) for layer in layers for head in range(weights.card.heads)]
        drawn = [every[i] for i in rng.permutation(len(every)) if every[i] not in self.of.heads]
        sets = [tuple(drawn[n : n + size]) for n in range(0, len(drawn) - size + 1, size)][:_SETS]
        apart = [
            (a, b)
            for a, b in permutations(sets, 2)
            if not {head.layer for head in a} & {head.layer for head in b}
            and others(a).rank
            and others(b).rank
        ]
        return [apart[i] for i in rng.permutation(len(apart))[: self.draws]]


@dataclass(frozen=True)
class OwnRanks:
    """How each token ranks among all by how much the heads raise it when it is read: `[token]`.

    1 for the token that is raised most; a token with others raised as much ranks behind them. All
    ordinary tokens compete; of the tokens that are read, the first 1000 are ranked.

    Args:
        of: The heads and the tokens.
        lowered: Whether ranks are by how much a token is lowered instead.
    """

    of: OVCircuit
    lowered: bool = False
    quantity: ClassVar[str] = "rank"

    def __str__(self) -> str:
        return f"own ranks of tokens in the OV circuit of {_said(self.of)}"

    def compute(self, weights: Weights) -> Array:
        """The ranks."""
        return self.compute_all(weights, [self])[0]

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """The ranks of each, in one pass over the vocabulary."""
        rankings = [_Ranking.of(each, weights) for each in several]
        for piece in unembedding_pieces(weights):
            for ranking in rankings:
                ranking.compete(piece)
        return [ranking.ahead.clamp_min(1).double().cpu().numpy() for ranking in rankings]


@dataclass(frozen=True, eq=False)
class _Ranking:
    """How many tokens are ahead so far.

    Args:
        source: What is read of each token, `[token, n]`.
        writes: What is written of it, `[n, d_model]`.
        needed: The logit that is as large as a token's own, `[token]`.
        ahead: How many tokens have it, `[token]`.
    """

    source: torch.Tensor
    writes: torch.Tensor
    needed: torch.Tensor
    ahead: torch.Tensor

    @classmethod
    def of(cls, ranks: OwnRanks, weights: Weights) -> _Ranking:
        """None ahead yet."""
        import torch

        circuit = _weights_of(weights, ranks.of.heads)
        writes = circuit.writes.float() * (-1 if ranks.lowered else 1)
        source = product(ranks.of.read(weights)[:_RANKED], circuit.reads.float())
        tokens = ranks.of.numbers(weights)[:_RANKED].to(source.device)
        own = (source * (weights.unembedding(tokens) @ writes.T)).sum(-1)
        # a token's own logit is found again with another rounding: it does not beat itself
        slack = 1e-5 * own.abs()
        ahead = torch.zeros(len(tokens), dtype=torch.int64, device=source.device)
        return cls(source, writes, own - slack, ahead)

    def compete(self, unembedding: torch.Tensor) -> None:
        """Count those of some tokens that are ahead; of their rows, `[n, d_model]`."""
        logits = linear(self.source, linear(unembedding, self.writes))
        self.ahead.add_(count_ahead(logits, self.needed))


def _between(source: torch.Tensor, target: torch.Tensor) -> Array:
    """What is read by what is written, over tokens: `[token, n]`, `[token, m]` → `[m, n]`."""
    return (target.T @ source).cpu().numpy()


def _weights_of(weights: Weights, heads: Sequence[Head]) -> LowRank:
    import torch

    reads = [weights.head_input_weights(h.layer, "v")[h.head] for h in heads]
    writes = [weights.head_output_weights(h.layer)[h.head] for h in heads]
    return low_rank(torch.cat(reads, dim=1), torch.cat(writes))


def _said(of: OVCircuit) -> str:
    return f"{'+'.join(map(str, of.heads))} on {of.tokens}"
