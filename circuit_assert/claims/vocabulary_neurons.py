"""Claims about neurons that raise, or lower, the logits of a few tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.vocabulary import RotatedMoments, VocabularyMoments
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above

Kind: TypeAlias = Literal["prediction", "suppression"]
_SOURCE = "Gurnee et al. 2024, arXiv:2401.12181, §5.1"
_KURTOSIS = 10.0
_NORMAL = 3.0


@claim("{neuron} is a prediction neuron", source=_SOURCE)
def neuron_is_prediction_neuron(
    neuron: Subject, *, on: Prompts | None = None, by: float = _KURTOSIS
) -> Body:
    """It raises the logits of a few tokens: its output points to them, and away from few.

    The kurtosis of cos(W_U[:, t], w_out) over ordinary tokens t is above `by`, and what it writes
    where it is active is skewed towards raising: the sign of the skew times that of its activation,
    weighted by the squared activation and averaged by document, is above zero. (An activation is
    signed in gated MLPs: a neuron and its mirror image are the same neuron.) Control: the kurtosis
    is larger than that of w_out rotated at random, in front of the same unembedding.

    Args:
        neuron: One neuron.
        on: Documents that show the sign of its activation; by default the shipped ones.
        by: The kurtosis to exceed; 10 in the paper. A normal distribution has 3.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a kurtosis that a normal distribution has.

    Published:
        In GPT-2 medium they become frequent after the middle of the model, and give way to
        suppression neurons in the last layers.

    Pitfalls:
        Of weights alone, but for the sign: that the tokens' logits rise where it is active, and
        that this matters, is what `neuron_promotes_token` tests. A few untrained tokens far from
        the others make a large kurtosis; the evidence says which token is most extreme by z.
    """
    return _points_to_few(neuron, on, by, "prediction")


@claim("{neuron} is a suppression neuron", source=_SOURCE)
def neuron_is_suppression_neuron(
    neuron: Subject, *, on: Prompts | None = None, by: float = _KURTOSIS
) -> Body:
    """It lowers the logits of a few tokens: as a prediction neuron, the skew the other way.

    The same criteria and control as of `neuron_is_prediction_neuron`, with the skew of what it
    writes where it is active below zero.

    Args:
        neuron: One neuron.
        on: Documents that show the sign of its activation; by default the shipped ones.
        by: The kurtosis to exceed; 10 in the paper. A normal distribution has 3.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a kurtosis that a normal distribution has.

    Pitfalls:
        As of `neuron_is_prediction_neuron`. A neuron that is about as active either way is
        neither: both claims are then inconclusive or refuted.
    """
    return _points_to_few(neuron, on, by, "suppression")


def _points_to_few(neuron: Subject, on: Prompts | None, by: float, kind: Kind) -> Body:
    one = neuron.only(Neuron, f"neuron_is_{kind}_neuron")
    if by < _NORMAL:
        raise ClaimError(f"by= is a kurtosis; a normal distribution has 3, {by:g} is no more.")
    direction = "raises" if kind == "prediction" else "lowers"
    return all_of(
        Fact("kurtosis", PointsToFew(one, by), f"the kurtosis over tokens is above {by:g}"),
        Criterion(
            f"{direction} them",
            WrittenSkew(one, on or plain_text(), kind),
            above(0.0),
            f"by how much more than the opposite it {direction} the few tokens, of 1,",
            "of 1",
            neuron.model,
        ),
        guards=[Fact("unlike rotations", UnlikeRotations(one), "rotations have less kurtosis")],
    )


@dataclass(frozen=True)
class PointsToFew(Question):
    """Whether the kurtosis of a neuron's cosines with tokens is above a bound.

    Args:
        neuron: The neuron.
        by: The bound.
    """

    neuron: Neuron
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The moments of its layer."""
        return (WeightRequest(VocabularyMoments(self.neuron.layer)),)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Weights alone decide."""
        (request,) = self.needs(scores)
        variance, skew, kurtosis = (float(m) for m in scores[request][self.neuron.neuron])
        words = f"kurtosis {kurtosis:.1f}, skew {skew:+.2f}, standard deviation {variance**0.5:.3g}"
        return Found(kurtosis > self.by, words, effect=kurtosis, notes=(words,))


@dataclass(frozen=True)
class UnlikeRotations(Question):
    """Whether the kurtosis is larger than that of the neuron's output rotated at random.

    Args:
        neuron: The neuron.
    """

    neuron: Neuron

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Both moments."""
        layer = self.neuron.layer
        return (WeightRequest(VocabularyMoments(layer)), WeightRequest(RotatedMoments()))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own, rotated = (scores[request] for request in self.needs(scores))
        kurtosis = float(own[self.neuron.neuron, 2])
        return stands_out(kurtosis, rotated[:, 2], alpha, "rotations of its output", ".1f")


@dataclass(frozen=True)
class WrittenSkew(Quantity):
    """The sign of the skew of what a neuron writes, weighted by its squared activation.

    Of each document Σ a·|a| / Σ a² over positions but the first: 1 for a neuron that is only ever
    above zero, −1 for its mirror image; times the sign of the skew of its output.

    Args:
        neuron: The neuron.
        on: The documents.
        kind: "suppression" turns the sign.
    """

    neuron: Neuron
    on: Prompts
    kind: Kind

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations and moments."""
        return (self._activations, WeightRequest(VocabularyMoments(self.neuron.layer)))

    def measured(self, scores: Scores) -> Measured:
        """The number, document by document; those where the neuron is silent are left out."""
        activations, moments = (scores[request] for request in self.needs(scores))
        skew = np.sign(float(moments[self.neuron.neuron, 1]))
        sign = skew if self.kind == "prediction" else -skew
        own = np.nan_to_num(activations[:, 1:, 0].astype(np.float64))
        squares = (own**2).sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = sign * (own * np.abs(own)).sum(1) / squares
        prompts = scores.tokenized(self.on)
        found = Measured(values, prompts.clusters, tuple(prompts.kept.tolist()))
        return found.keeping(squares > 0)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """An activation's, over the root mean square one: a ratio of two like sums."""
        own = scores[self._activations][:, 1:, 0]
        size = float(np.sqrt(np.nanmean(own.astype(np.float64) ** 2)))
        return 4 * floor_of(self._activations) / size if size else 0.0

    @property
    def _activations(self) -> Request:
        return Request(NeuronActivations(self.neuron.layer, (self.neuron.neuron,)), self.on)
