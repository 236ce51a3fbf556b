"""Claims about virtual weights: does a later neuron read what an earlier one writes?"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Fact, Found, Question, all_of
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest, Weights
from circuit_assert.measurements.virtual_weights import Row, VirtualWeights

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_FACTOR = 2.0  # how much the norm of a peer's vector may differ
_LEAST = 99
_ROUNDING = 1e-6
Reals = npt.NDArray[np.float64]


@claim("the virtual weight from {earlier} to {later}", source=_ELHAGE)
def virtual_weight_is(earlier: Subject, later: Subject, *, by: float, via: Row = "in") -> Body:
    """By their weights, the later neuron reads the direction that the earlier one writes.

    The cosine of the earlier neuron's output weights and the later one's input weights, gains of
    the norms after and before them folded in: beyond `by`. It is a number that weights have,
    without an error. And it stands out, in size: among neurons of the later layer that read as
    much, and among neurons of the earlier layer that write as much. A neuron that writes what all
    read, or reads what all write, fails there.

    It says nothing of use: the norm before the later layer divides by what everything else writes,
    and the two may never be active together.

    Args:
        earlier: One neuron.
        later: One neuron of a later layer, or of the same one where MLPs are not parallel.
        by: Smallest cosine that counts; if negative, the later neuron reads against what the
            earlier one writes. In gated MLPs it is positive, and the size of the cosine counts: a
            gated neuron's up-row and output may be negated together, so the sign says nothing.
        via: "in"; in gated MLPs, "gate" or "up", for the row by which the later neuron reads.

    Raises:
        ComponentError: when `earlier` or `later` is not one neuron.
        ClaimError: for a neuron that is not earlier, another `via`, or a `by` that is no cosine.

    Pitfalls:
        Of millions of pairs the largest is large: name the pair before looking, or find it by
        something else. With norms after MLPs cosines and ranks stand, and no product is printed.
        `by` has no default.
    """
    one, other = (subject.only(Neuron, "virtual_weight_is") for subject in (earlier, later))
    if via not in get_args(Row):
        raise ClaimError(f'neurons read via "in", or via "gate" or "up" if gated; got {via!r}.')
    if one.layer >= other.layer:
        raise ClaimError(f"{one} does not run before {other}, so that it could be read there.")
    if not 0 < abs(by) < 1:
        raise ClaimError(f"by is a cosine between −1 and 1, and not 0; got {by:g}.")
    weight = VirtualWeight(VirtualWeights(one, other, via), by)
    words = f"the cosine is {'above' if by > 0 else 'below'} {by:g}"
    made = all_of(
        Fact("weight", IsBeyond(weight), words, "cosine"),
        Fact("beyond other readers", AmongPeers(weight, 0), "others read it less", "cosine"),
        Fact("beyond other writers", AmongPeers(weight, 1), "others write it less", "cosine"),
    )
    row = "" if via == "in" else f" through its {'gate' if via == 'gate' else 'up-row'}"
    return replace(made, scope=f"is {'above' if by > 0 else 'below'} {by:g}{row}")


@dataclass(frozen=True)
class VirtualWeight:
    """A virtual weight, and what is claimed of it.

    Args:
        of: The weights.
        by: The bound.
    """

    of: VirtualWeights
    by: float

    @property
    def request(self) -> WeightRequest:
        """What tells it."""
        return WeightRequest(self.of)

    def obstacle(self, weights: Weights) -> str | None:
        """Why the claim cannot be meant of this model; None where it can."""
        if not weights.has_gated_mlps:
            return None if self.of.row == "in" else "its MLPs are not gated: neurons read via 'in'"
        if self.of.row == "in":
            return "its MLPs are gated: neurons read by two rows, via 'gate' or via 'up'"
        if self.by < 0:
            return (
                "its MLPs are gated: a neuron's up-row and output may be negated together, so the "
                "sign of what it writes says nothing; give a positive by"
            )
        return None

    def oriented(self, cosines: Reals, weights: Weights) -> Reals:
        """Cosines, positive the way that is claimed; their sizes where signs say nothing."""
        return np.abs(cosines) if weights.has_gated_mlps else np.sign(self.by) * cosines


@dataclass(frozen=True)
class OfVirtualWeight(Question):
    """A question about one, which some models leave without an answer.

    Args:
        weight: The virtual weight.
    """

    weight: VirtualWeight

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The weights; nothing where the claim cannot be meant."""
        return () if self.weight.obstacle(scores.weights) else (self.weight.request,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The answer, or why the claim cannot be meant."""
        obstacle = self.weight.obstacle(scores.weights)
        return Found(None, obstacle) if obstacle else self.answer_meant(scores, alpha)

    @abstractmethod
    def answer_meant(self, scores: Scores, alpha: float) -> Found:
        """The answer, where the claim can be meant."""


@dataclass(frozen=True)
class IsBeyond(OfVirtualWeight):
    """Whether the cosine is beyond the bound.

    Args:
        weight: The virtual weight.
    """

    def answer_meant(self, scores: Scores, alpha: float) -> Found:
        """The cosine; nothing is decided where it is the bound but for rounding."""
        cosine, product = scores[self.weight.request][2, 0].tolist()
        if not np.isfinite(cosine):
            return Found(None, "one of them reads or writes nothing: there is no cosine")
        excess = float(self.weight.oriented(np.array(cosine), scores.weights)) - abs(self.weight.by)
        size = ", in size, for signs say nothing here" if scores.weights.has_gated_mlps else ""
        post = scores.weights.has_post_norms
        words = f"the cosine is {cosine:+.4f}{size}" + ("" if post else f"; product {product:+.4g}")
        holds = None if abs(excess) < _ROUNDING else excess > 0
        return Found(holds, words, effect=cosine, notes=(words,))


@dataclass(frozen=True)
class AmongPeers(OfVirtualWeight):
    """Whether the size of the cosine stands out among neurons with vectors of like norm.

    Args:
        weight: The virtual weight.
        side: 0 for other readers, 1 for other writers.
    """

    side: int

    def answer_meant(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        numbers = scores[self.weight.request].astype(np.float64)
        of = self.weight.of
        place = of.later.neuron if self.side == 0 else of.earlier.neuron
        cosines, norms = numbers[self.side].T
        alike = (norms >= norms[place] / _FACTOR) & (norms <= norms[place] * _FACTOR)
        alike[place] = False
        what = ("neurons that read as much", "neurons that write as much")[self.side]
        if alike.sum() < _LEAST:
            return Found(None, f"there are {alike.sum()} {what}: it takes {_LEAST}")
        own = float(np.abs(cosines[place]))
        return stands_out(own, np.abs(cosines[alike]), alpha, what, ".3f")
