"""Claims about which tokens' keys a head's queries score highest: from weights, without prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.ov_circuits import Embedding
from circuit_assert.claims.quantities import (
    CannotTell,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
    remembered,
)
from circuit_assert.claims.weight_ranks import draws_for, stands_out, within
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.qk import (
    OwnKeyRanks,
    PairScores,
    QKByChance,
    QKCircuit,
    QKOnTokens,
)
from circuit_assert.measurements.spectra import positivity, positivity_of_groups
from circuit_assert.prompts.token_samples import (
    NamedTokens,
    TokenSample,
    named_tokens,
    token_sample,
)
from circuit_assert.stats.region import above

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_TOKENS = token_sample()
_DISTANCES = (1, 4, 16)
_LEAST_PAIRS = 8
_NAME = "qk_circuit_matches"


@claim("the QK circuit of {head} matches queries", source=_ELHAGE)
def qk_circuit_matches(
    head: Subject,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    tokens: TokenSample | Sequence[str] = _TOKENS,
    embedding: Embedding = "plain",
    distances: Sequence[int] = _DISTANCES,
    by: float = 0.5,
    top: float = 0.01,
    share: float = 0.5,
) -> Body:
    """A token's query scores the same token's key above others', or the key it is paired with.

    Scores are made of queries and keys, through norms of queries and keys where there are such,
    biases left out. Where positions turn them, they are the mean over some distances between query
    and key, and say nothing of others. They say what a head would attend to if it read tokens
    alone, not what it attends to: behind other layers it reads more.

    Without pairs, the same token. Spectrum: Re(Σλ) / Σ|λ| of the eigenvalues of all scores between
    tokens is above `by`. Diagonal: for more than `share` of the tokens, the own key is
    among the part `top` of all tokens' keys that is scored highest. Control: the spectrum is more
    positive than with rotations between queries and keys, and than with queries and keys of other
    heads, mismatched across layers.

    With pairs, their scores: in standard deviations of all of the queries with all of the
    keys, queries and keys centred, their mean is above `by`. Control: it is above that of other
    pairings of the same tokens.

    Args:
        head: One head.
        pairs: Eight or more of a query's token and a key's, as `(" days", " day")`; a token stands
            once on each side.
        tokens: Without pairs: a sample of the vocabulary, or texts of single tokens.
        embedding: "plain", or "effective" for what the first MLP adds.
        distances: Between query and key, where positions turn them; 1, 4 and 16 are our choice.
        by: Smallest positivity that counts; with pairs, the smallest mean score. 0.5 is our choice
            of both.
        top: Part of all keys that counts as highest; 0.01 is our choice.
        share: Smallest share of tokens that counts; 0.5 is our choice.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for an embedding that does not exist or that the head does not read, distances
            or bounds that cannot be meant, or pairs that are too few or repeat a token.
        PromptError: for tokens that are neither a sample nor different texts.

    Pitfalls:
        Behind other layers a head reads more than tokens: an induction head matches what an earlier
        head has written, and has nothing of this. A few keys that everything scores high make a
        positive spectrum, and no diagonal.
    """
    circuit = _circuit(head, embedding, distances)
    if not (-1 <= by < 1 or pairs is not None) or not 0 < top < 1 or not 0 <= share < 1:
        raise ClaimError(
            f"by lies in [−1, 1), top in (0, 1), share in [0, 1); got {by:g}, {top:g}, {share:g}."
        )
    if pairs is not None:
        return _of_pairs(head, circuit, _checked(pairs), by)
    chosen = named_tokens(tokens, _NAME)
    spectrum = MatchPositivity(circuit, chosen)
    own = f"share of tokens whose own key is in the highest {top:.0%}"
    chance = MatchBeyondChance(circuit, chosen, draws_for(head.model))
    made = all_of(
        Criterion(
            "spectrum",
            spectrum,
            above(by),
            "Re(Σλ) / Σ|λ| of the QK circuit",
            "positivity",
            head.model,
        ),
        Criterion("diagonal", OwnKeyHigh(circuit, chosen, top), above(share), own, "tokens"),
        guards=[Fact("beyond chance", chance, "rotated and mismatched weights are less positive")],
    )
    return replace(made, scope="with keys of the same token")


def _of_pairs(
    head: Subject, circuit: QKCircuit, pairs: tuple[NamedTokens, NamedTokens], by: float
) -> Body:
    scores = WeightRequest(PairScores(circuit, *pairs))
    made = all_of(
        Criterion(
            "pairs",
            PairedScore(circuit, scores),
            above(by),
            "score of paired tokens",
            "standard deviations",
            head.model,
        ),
        guards=[
            Fact(
                "beyond other pairings",
                BeyondPairings(scores, 10 * draws_for(head.model)),
                "other pairings of the same tokens score less",
            )
        ],
    )
    return replace(made, scope=f"with the keys of {len(pairs[0].texts)} paired tokens")


def _circuit(head: Subject, embedding: Embedding, distances: Sequence[int]) -> QKCircuit:
    one = head.only(Head, _NAME)
    if embedding not in ("plain", "effective"):
        raise ClaimError(f'there is no embedding {embedding!r}: give "plain" or "effective".')
    if embedding == "effective" and one.layer == 0:
        raise ClaimError(f"{one} reads the embedding before the first MLP: give embedding='plain'.")
    back = tuple(distances)
    if not back or min(back) < 0 or len(set(back)) < len(back):
        raise ClaimError(f"distances are different numbers, 0 or more; got {list(distances)!r}.")
    return QKCircuit(one, embedding == "effective", back)


def _checked(pairs: Sequence[tuple[str, str]]) -> tuple[NamedTokens, NamedTokens]:
    sides = [tuple(side) for side in zip(*pairs, strict=True)]
    if len(pairs) < _LEAST_PAIRS or any(len(set(side)) < len(side) for side in sides):
        raise ClaimError(
            f"pairs are {_LEAST_PAIRS} or more, each token once on its side; got {len(pairs)}."
        )
    queries, keys = sides
    return NamedTokens(queries, _NAME), NamedTokens(keys, _NAME)


@dataclass(frozen=True)
class MatchPositivity(Statistic):
    """Re(Σλ) / Σ|λ| of a QK circuit over tokens, jackknifed over groups of them."""

    of: QKCircuit
    tokens: TokenSample | NamedTokens

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The products of each group."""
        return (WeightRequest(QKOnTokens(self.of, self.tokens)),)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The positivity over any subset of the groups; each is worked out once."""
        return self._measured(scores)

    @remembered
    def _measured(self, scores: Scores) -> MeasuredStatistic:
        products = scores[WeightRequest(QKOnTokens(self.of, self.tokens))]
        notes = (said(self.of, scores),)
        return MeasuredStatistic(positivity_of_groups(products), range(len(products)), notes)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None: no prompts are run."""
        return 0.0


@dataclass(frozen=True)
class OwnKeyHigh(Quantity):
    """Of each token, whether its own key is among those that its query scores highest.

    Args:
        of: The circuit.
        tokens: Which tokens.
        top: Which part counts as highest.
    """

    of: QKCircuit
    tokens: TokenSample | NamedTokens
    top: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The ranks."""
        return (WeightRequest(OwnKeyRanks(self.of, self.tokens)),)

    def measured(self, scores: Scores) -> Measured:
        """0 or 1 for each token; tokens are the units.

        Raises:
            CannotTell: when there are too few tokens for so small a part of them.
        """
        competing = len(self.tokens.numbers(scores.weights.tokenizer))
        if competing * self.top < 1:
            raise CannotTell(f"the highest {self.top:.2%} of {competing} keys is not one key")
        ranks = scores[WeightRequest(OwnKeyRanks(self.of, self.tokens))]
        note = f"the middle token's own key is in the highest {np.median(ranks):.2%} of {competing}"
        return within(ranks, self.top, said(self.of, scores), note)


@dataclass(frozen=True)
class MatchBeyondChance(Question):
    """Whether the spectrum is more positive than rotated and mismatched ones.

    Args:
        of: The circuit.
        tokens: Which tokens.
        draws: How many of each.
    """

    of: QKCircuit
    tokens: TokenSample | NamedTokens
    draws: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The spectrum, and those by chance."""
        own = WeightRequest(QKOnTokens(self.of, self.tokens))
        return own, WeightRequest(QKByChance(self.of, self.tokens, self.draws))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among both together."""
        products, by_chance = (scores[request] for request in self.needs(scores))
        mismatched = int(np.isfinite(by_chance[1]).sum())
        what = f"rotations ({self.draws}) and mismatched pairs ({mismatched})"
        return stands_out(positivity(products.sum(0)), by_chance.ravel(), alpha, what)


@dataclass(frozen=True)
class PairedScore(Quantity):
    """The score of each query with the key it is paired with; pairs are the units.

    Args:
        of: The circuit.
        scores: Of all queries with all keys.
    """

    of: QKCircuit
    scores: WeightRequest

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """All scores."""
        return (self.scores,)

    def measured(self, scores: Scores) -> Measured:
        """Those of the pairs."""
        paired = scores[self.scores].diagonal().astype(np.float64)
        units = tuple(range(len(paired)))
        return Measured(paired, {"pair": units}, units, notes=(said(self.of, scores),))


@dataclass(frozen=True)
class BeyondPairings(Question):
    """Whether the pairs score more than other pairings of the same tokens.

    Args:
        scores: Of all queries with all keys.
        draws: How many pairings.
    """

    scores: WeightRequest
    draws: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """All scores."""
        return (self.scores,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The rank of their mean among those of random pairings."""
        table, rng = scores[self.scores], np.random.default_rng(0)
        rows = np.arange(len(table))
        others = np.array([table[rows, rng.permutation(rows)].mean() for _ in range(self.draws)])
        return stands_out(float(table.diagonal().mean()), others, alpha, "other pairings")


def said(of: QKCircuit, scores: Scores) -> str:
    """By which embedding, and at which distances, as the evidence says it."""
    embedding = "the embedding and the first MLP" if of.effective else "the embedding alone"
    if not scores.weights.has_rotary_positions:
        return f"tokens by {embedding}, without positions"
    back = ", ".join(map(str, of.distances))
    return f"tokens by {embedding}; rotary positions at distance {back}, averaged"
