"""Is a neuron's output congruent with a token? What weights alone tell, and where to look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.components import Neuron
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.neurons import (
    LargestCongruence,
    NeuronsOfToken,
    TokensOfNeurons,
    UnembeddingAxes,
)
from circuit_assert.prompts.tokenize import single_token

if TYPE_CHECKING:
    from circuit_assert.models.card import Card

Reals = npt.NDArray[np.float64]
CLAIM = "neuron_promotes_token"


def token_of(token: str, scores: Scores) -> int:
    """The number of a token.

    Raises:
        TokenError: when the text is not one ordinary token of the model.
    """
    return single_token(token, scores.weights.tokenizer, CLAIM)


def sign_of(neuron: Neuron, readings: npt.NDArray[np.floating]) -> int:
    """Which way a neuron promotes a token: +1 when its congruence with it is positive, else −1.

    In a gated MLP a neuron's up-row and down-column can be negated together, and nothing changes
    but the signs of its activation and its congruence: s·a means the same in both forms.

    Args:
        neuron: The neuron.
        readings: `NeuronsOfToken` of its layer.
    """
    return 1 if readings[neuron.neuron, 0] >= 0 else -1


@dataclass(frozen=True)
class Standing:
    """How a token stands among all for one neuron.

    Args:
        z: Its congruence in standard deviations from the mean over ordinary tokens, oriented.
        rank: 1 for the most congruent.
    """

    z: float
    rank: int


def standing(congruence: Reals, place: int) -> Standing:
    """How one token stands.

    Args:
        congruence: Of ordinary tokens, oriented so that the token's is positive.
        place: Which of them it is.
    """
    spread = float(congruence.std())
    z = float(congruence[place] - congruence.mean()) / spread if spread > 0 else 0.0
    return Standing(z, 1 + int(np.count_nonzero(congruence > congruence[place])))


def early_layers(neuron: Neuron, card: Card) -> int:
    """How many layers are early: the first sixth, but none from the neuron's own on."""
    return min(neuron.layer, max(1, card.layers // 6))


@dataclass(frozen=True)
class IsCongruent(Question):
    """Whether the neuron's output stands out for the token, and the token's among its neurons.

    Args:
        neuron: The neuron.
        token: The token's text.
        token_rank: The token is among so many of the neuron's most congruent ordinary tokens.
        neuron_rank: The neuron is among so many of its layer's most congruent with the token, by
            |cosine|: unlike the dot product, it stays when a neuron's rows are rescaled.
    """

    neuron: Neuron
    token: str
    token_rank: int
    neuron_rank: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Four measurements of weights."""
        neuron, token = self.neuron, token_of(self.token, scores)
        return (
            WeightRequest(NeuronsOfToken(neuron.layer, token)),
            WeightRequest(TokensOfNeurons(neuron.layer, (neuron.neuron,))),
            WeightRequest(LargestCongruence(early_layers(neuron, scores.weights.card))),
            WeightRequest(UnembeddingAxes()),
        )

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Both ranks, and the token's z against the largest of directions that promote nothing."""
        of_token, of_neuron, largest, axes = (scores[request] for request in self.needs(scores))
        dot, cosine = of_token[self.neuron.neuron]
        oriented = np.float64(sign_of(self.neuron, of_token)) * of_neuron[0]
        place = _place(self.token, scores)
        token = standing(oriented, place)
        neuron_rank = 1 + int(np.count_nonzero(np.abs(of_token[:, 1]) > abs(cosine)))
        bound = float(np.nanmax(largest))
        failed = [
            f"the token is number {token.rank} of {len(oriented)} for the neuron "
            f"(at most {self.token_rank} is asked)" * (token.rank > self.token_rank),
            f"the neuron is number {neuron_rank} of its layer for the token "
            f"(at most {self.neuron_rank} is asked)" * (neuron_rank > self.neuron_rank),
            f"|z| = {token.z:.1f} is not above {bound:.1f}, the largest of random directions and "
            f"early neurons" * (token.z <= bound),
        ]
        held = (
            f"the token is number {token.rank} for the neuron, the neuron number {neuron_rank} "
            f"for the token; |z| = {token.z:.1f} > {bound:.1f}"
        )
        norms = axes[:, 0]
        notes = (
            f"dot product {dot:+.4g}, cosine {cosine:+.3f}; the token's unembedding has norm "
            f"{norms[place]:.3g}, above {(norms < norms[place]).mean():.0%} of tokens",
        )
        found = "; ".join(filter(None, failed))
        return Found(not found, found or held, effect=float(dot), notes=notes)


@dataclass(frozen=True)
class IsCongruentBeyondAxes(Question):
    """Whether the token keeps its rank without what tokens have in common.

    The parts of the congruence that the norm of the tokens' unembeddings and their principal axes
    explain (by least squares) are taken off first: a neuron that writes along an axis shared by
    all frequent tokens has a most congruent one, but does not single it out.

    Args:
        neuron: The neuron.
        token: The token's text.
        token_rank: As of `IsCongruent`.
    """

    neuron: Neuron
    token: str
    token_rank: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the neuron writes, and the axes."""
        token = token_of(self.token, scores)
        return (
            WeightRequest(NeuronsOfToken(self.neuron.layer, token)),
            WeightRequest(TokensOfNeurons(self.neuron.layer, (self.neuron.neuron,))),
            WeightRequest(UnembeddingAxes()),
        )

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The token's rank in what is left."""
        of_token, of_neuron, axes = (scores[request] for request in self.needs(scores))
        oriented = np.float64(sign_of(self.neuron, of_token)) * of_neuron[0]
        token = standing(_without(oriented, axes.astype(np.float64)), _place(self.token, scores))
        words = (
            f"without token norm and the {axes.shape[1] - 1} principal axes of the unembedding, "
            f"the token is number {token.rank} for the neuron, z = {token.z:.1f}"
        )
        return Found(token.rank <= self.token_rank and token.z > 0, words)


def _without(values: Reals, columns: Reals) -> Reals:
    """What is left of values when columns and a constant have explained what they can."""
    design = np.column_stack([np.ones(len(values)), columns])
    explained, *_ = np.linalg.lstsq(design, values, rcond=None)
    return values - design @ explained


def _place(token: str, scores: Scores) -> int:
    ordinary = scores.weights.tokenizer.ordinary_tokens()
    return int(np.flatnonzero(ordinary == token_of(token, scores))[0])
