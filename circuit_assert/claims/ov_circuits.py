"""Claims about what OV circuits do to tokens: from weights, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
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
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.ov import (
    OVByChance,
    OVCircuit,
    OVOnTokens,
    OwnRanks,
)
from circuit_assert.measurements.spectra import positivity, positivity_of_groups
from circuit_assert.prompts.token_samples import Tokens, TokenSample, named_tokens, token_sample
from circuit_assert.stats.region import above

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_TOKENS = token_sample()
Embedding: TypeAlias = Literal["plain", "effective"]


@claim("the OV circuit of {heads} copies", source=_ELHAGE)
def ov_circuit_copies(
    heads: Subject,
    *,
    tokens: TokenSample | Sequence[str] = _TOKENS,
    embedding: Embedding = "plain",
    by: float = 0.5,
    top: int = 10,
    share: float = 0.5,
) -> Body:
    """A token that the heads read is raised: by the spectrum, and by its rank among all tokens.

    The circuit is E W_V W_O U: tokens by their embedding through the pre-attention norm, gains
    folded in, the unembedding centred; no biases, no positions. Spectrum: Re(Σλ) / Σ|λ| of its
    eigenvalues is above `by`. Diagonal: more than `share` of the tokens are among the `top` that
    they raise most, in the whole vocabulary: an all-positive spectrum can still lower a token's
    own logit, where eigenvectors are far from orthogonal. Both hold of the vocabulary that the
    tokens were drawn from: the spectrum is jackknifed over 40 groups of 4,096 tokens, the share is
    Clopper and Pearson's over the first thousand. Control: the spectrum is more positive than with
    rotations between W_V and W_O, and with other heads' W_V and W_O mismatched across layers.

    Args:
        heads: One head, or several whose outputs are summed.
        tokens: A sample of the vocabulary, or texts of single tokens; 20 at least.
        embedding: "plain" for the embedding, "effective" for it and what the first MLP makes of
            it, which many models treat as one.
        by: Smallest positivity that counts, −1 to 1. 0.5 is our choice.
        top: As many tokens count as raised most. 10, as for copy suppression in McDougall et al.
        share: Smallest share of tokens that counts. 0.5 is our choice.

    Raises:
        ComponentError: when a component is not a head.
        ClaimError: for an embedding that does not exist or that a head of the first layer does
            not read, or a bound that nothing can miss.
        PromptError: for tokens that are neither a sample nor different texts.

    Published:
        Ten of twelve heads of a one-layer model copy (Elhage et al.). `by` and `share` are our
        choices.

    Pitfalls:
        An all-positive spectrum can still lower a token's own logit, and a few large entries can
        make a trace: neither is enough. Which embedding is read decides, in both models of the zoo;
        the evidence says which. Of models with norms after attention, heads of one layer only can
        be summed.
    """
    circuit = ov_circuit(heads, tokens, embedding, "ov_circuit_copies")
    if not (-1 <= by < 1 and 0 <= share < 1 and top >= 1):
        raise ClaimError(
            f"by lies in [−1, 1), share in [0, 1), and top is at least 1; got by={by:g}, "
            f"share={share:g}, top={top}."
        )
    copies = f"share of tokens among the {top} that they raise most"
    chance = BeyondChance(circuit, draws_for(heads.model))
    return all_of(
        Criterion(
            "spectrum",
            Positivity(circuit),
            above(by),
            "Re(Σλ) / Σ|λ| of the OV circuit",
            "positivity",
            heads.model,
        ),
        Criterion("diagonal", OwnTop(circuit, top), above(share), copies, "tokens", heads.model),
        guards=[Fact("beyond chance", chance, "rotated and mismatched weights are less positive")],
    )


def ov_circuit(
    heads: Subject, tokens: TokenSample | Sequence[str], embedding: Embedding, claim_type: str
) -> OVCircuit:
    """What a claim was given, checked.

    Raises:
        ComponentError: when a component is not a head.
        ClaimError: for an embedding that does not exist, or that a head cannot read.
        PromptError: for tokens that are neither a sample nor different texts.
    """
    chosen = only_heads(heads, claim_type)
    if embedding not in ("plain", "effective"):
        raise ClaimError(f'there is no embedding {embedding!r}: give "plain" or "effective".')
    first = [head for head in chosen if head.layer == 0]
    if embedding == "effective" and first:
        raise ClaimError(
            f"{first[0]} reads the embedding before the first MLP: give embedding='plain'."
        )
    return OVCircuit(chosen, named_tokens(tokens, claim_type), embedding == "effective")


def effective_circuit(heads: Subject, tokens: Tokens, claim_type: str) -> OVCircuit:
    """The OV circuit of heads that read what the first MLP makes of tokens.

    Raises:
        ComponentError: when a component is not a head.
        ClaimError: for a head of the first layer, which does not read that.
    """
    chosen = only_heads(heads, claim_type)
    first = [head for head in chosen if head.layer == 0]
    if first:
        raise ClaimError(
            f"{first[0]} reads the embedding before the first MLP, and {claim_type} is about what "
            f"that makes of tokens: name heads of later layers."
        )
    return OVCircuit(chosen, tokens, effective=True)


def only_heads(heads: Subject, claim_type: str) -> tuple[Head, ...]:
    """The heads of a subject.

    Raises:
        ComponentError: when a component is not a head.
    """
    chosen = tuple(c for c in heads.components if isinstance(c, Head))
    if len(chosen) < len(heads.components):
        raise ComponentError(f"{claim_type} is about heads; got {heads!r}.")
    return chosen


@dataclass(frozen=True)
class Positivity(Statistic):
    """Re(Σλ) / Σ|λ| of an OV circuit, jackknifed over groups of tokens."""

    of: OVCircuit

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The products of each group."""
        return (self._request,)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The positivity over any subset of the groups; each is worked out once.

        Raises:
            CannotTell: for heads of several layers with norms after them.
        """
        return self._measured(scores)

    @remembered
    def _measured(self, scores: Scores) -> MeasuredStatistic:
        require_one_scale(self.of, scores)
        products = scores[self._request]
        groups = range(len(products))
        sizes = np.abs(np.linalg.eigvals(products.sum(0)))
        total = float(sizes.sum())
        largest = f"; the largest |λ| is {sizes.max() / total:.0%} of all" if total > 0 else ""
        notes = (f"{said(self.of, scores)}{largest}",)
        return MeasuredStatistic(positivity_of_groups(products), groups, notes)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None: nothing is run."""
        return 0.0

    @property
    def _request(self) -> WeightRequest:
        return WeightRequest(OVOnTokens(self.of))


@dataclass(frozen=True)
class OwnTop(Quantity):
    """Of each token, whether it is among those that an OV circuit raises most when it is read.

    Args:
        of: The circuit.
        top: Among how many.
        lowered: Whether among those it lowers most instead.
    """

    of: OVCircuit
    top: int
    lowered: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The ranks."""
        return (self._request,)

    def measured(self, scores: Scores) -> Measured:
        """0 or 1 for each token; tokens are the units.

        Raises:
            CannotTell: for heads of several layers with norms after them.
        """
        require_one_scale(self.of, scores)
        ranks = scores[self._request]
        note = f"the middle token is number {np.median(ranks):.0f} of its own"
        return within(ranks, self.top, said(self.of, scores), note)

    @property
    def _request(self) -> WeightRequest:
        return WeightRequest(OwnRanks(self.of, self.lowered))


@dataclass(frozen=True)
class BeyondChance(Question):
    """Whether the spectrum is more positive than rotated and mismatched ones.

    Args:
        of: The circuit.
        draws: How many of each.
    """

    of: OVCircuit
    draws: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The spectrum, and those by chance."""
        return WeightRequest(OVOnTokens(self.of)), WeightRequest(OVByChance(self.of, self.draws))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among both together."""
        products, by_chance = (scores[request] for request in self.needs(scores))
        mismatched = int(np.isfinite(by_chance[1]).sum())
        what = f"rotations ({self.draws}) and mismatched pairs ({mismatched})"
        return stands_out(positivity(products.sum(0)), by_chance.ravel(), alpha, what)


def said(of: OVCircuit, scores: Scores) -> str:
    """Which tokens, and by which embedding, as the evidence says it."""
    tokens = len(of.tokens.numbers(scores.weights.tokenizer))
    embedding = "the embedding and the first MLP" if of.effective else "the embedding alone"
    folded = ", the gain of the norm after attention folded in" * scores.weights.has_post_norms
    return f"{tokens} tokens by {embedding}, without positions{folded}"


def require_one_scale(of: OVCircuit, scores: Scores) -> None:
    """Heads summed over layers must be scaled alike.

    Raises:
        CannotTell: where norms after attention scale each layer by a number of its own.
    """
    layers = {head.layer for head in of.heads}
    if scores.weights.has_post_norms and len(layers) > 1:
        raise CannotTell(
            f"the norms after attention scale each layer by a number "
            f"that weights do not tell: heads of {len(layers)} layers cannot be summed"
        )
