"""Claims about neurons that raise, or lower, the logits of a few tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.promotion import Reals
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
    where it is active is skewed towards raising: in most documents, the sum of a·|a| over
    positions has the sign of the skew. (An activation a is signed in gated MLPs: a neuron and its
    mirror image are the same neuron.) Control: the kurtosis is larger than that of w_out rotated
    at random, in front of the same unembedding.

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
        the others make a large kurtosis.
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
            above(0.5),
            f"share of documents in which it mostly {direction} the few tokens",
            "of documents",
            neuron.model,
        ),
        guards=[Fact("unlike rotations", UnlikeRotations(one), "rotations have less kurtosis")],
    )


def moments_of(neuron: Neuron) -> WeightRequest:
    """Variance, skew and kurtosis of a neuron's cosines with tokens: `[1, 3]`."""
    return WeightRequest(VocabularyMoments(neuron.layer, (neuron.neuron,)))


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
        return (moments_of(self.neuron),)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Weights alone decide."""
        (request,) = self.needs(scores)
        variance, skew, kurtosis = (float(m) for m in scores[request][0])
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
        return (moments_of(self.neuron), WeightRequest(RotatedMoments()))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own, rotated = (scores[request] for request in self.needs(scores))
        kurtosis = float(own[0, 2])
        return stands_out(kurtosis, rotated[:, 2], alpha, "rotations of its output", ".1f")


@dataclass(frozen=True)
class WrittenSkew(Quantity):
    """In which share of documents a neuron mostly writes with a skew that raises, or lowers.

    Of each document the sign of Σ a·|a| over positions but the first, times the sign of the skew of
    its output: an outcome, for a neuron that is never negative has the same sign everywhere.

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
        return (self._activations, moments_of(self.neuron))

    def measured(self, scores: Scores) -> Measured:
        """1 or 0 for each document; those where the neuron is silent are left out."""
        raises = float(scores[moments_of(self.neuron)][0, 1]) > 0
        upwards = raises if self.kind == "prediction" else not raises
        own = self._by_document(scores)
        sums = (own * np.abs(own)).sum(1)
        outcomes = (sums > 0) == upwards
        prompts = scores.tokenized(self.on)
        kept = tuple(prompts.kept.tolist())
        found = Measured(outcomes.astype(np.float64), prompts.clusters, kept, binary=True)
        return found.keeping(sums != 0)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The share of documents in which activations a floor away would make another sign."""
        own, floor = self._by_document(scores), floor_of(self._activations)
        sums, moved = (own * np.abs(own)).sum(1), 2 * floor * np.abs(own).sum(1)
        there = sums != 0
        return float((np.abs(sums) <= moved)[there].mean()) if there.any() else 0.0

    def _by_document(self, scores: Scores) -> Reals:
        """a without the first position, zero after the last: `[unit, pos]`."""
        return np.nan_to_num(scores[self._activations][:, 1:, 0].astype(np.float64))

    @property
    def _activations(self) -> Request:
        return Request(NeuronActivations(self.neuron.layer, (self.neuron.neuron,)), self.on)
