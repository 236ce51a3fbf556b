"""Does a head read from where components write? Of subspaces, from weights, without a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Fact, Found, Question, all_of
from circuit_assert.claims.weight_ranks import draws_for, stands_out
from circuit_assert.components import MLP, Head, Neuron, Subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.subspaces import Reads, SubspaceOverlap

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_THROUGH = {"K": "the keys", "Q": "the queries", "V": "the values"}
_ROUNDING = 1e-6
_UNDEFINED = (
    "there is no overlap to speak of: nothing is written or read, or all of the residual stream"
)


@claim("{reader} reads where {writer} writes", source=_ELHAGE)
def subspaces_overlap(writer: Subject, reader: Subject, *, via: Reads) -> Body:
    """The subspaces that a component writes into and a head reads from overlap beyond chance.

    The overlap is the mean squared cosine of their principal angles, ‖VᵀU‖² / k; every direction
    counts alike, however loud. It is larger than with 99 random rotations between the two. (The
    largest cosine is no evidence: of 64 dimensions in 768 it is 0.54 by chance.)

    Args:
        writer: A head, neurons or an MLP; several are taken together.
        reader: One head.
        via: What of it reads: "K", "Q" or "V".

    Raises:
        ComponentError: when `writer` is a direction, or `reader` is not one head.
        ClaimError: for another `via`.

    Pitfalls:
        Any single pair of trained heads is likely beyond rotations, if by little: compare with
        other heads. Refused where what is written or read is all of the residual stream, as for a
        wide MLP. Norms' scales change no subspace, so it is said of models with norms after
        attention too.
    """
    of = _overlap(writer, reader, via, "subspaces_overlap")
    made = all_of(
        Fact("overlap", OverlapsBeyondChance(of), "rotations overlap less", "overlap"),
    )
    return replace(made, scope=f"through {_THROUGH[via]}")


@claim("{reader} reads from no more of where {writer} writes than by chance", source=_ELHAGE)
def subspaces_are_disjoint(
    writer: Subject, reader: Subject, *, via: Reads, within: float = 0.05
) -> Body:
    """The two subspaces overlap by no more than chance and a margin: an equivalence.

    Independent subspaces overlap by k/d, the share of the residual stream that the larger one
    fills. The overlap is a number that weights have, without an error: it is below that plus
    `within`, or it is not.

    Args:
        writer: A head, neurons or an MLP; several are taken together.
        reader: One head.
        via: What of it reads: "K", "Q" or "V".
        within: Largest excess over chance that does not count. 0.05 is our choice.

    Raises:
        ComponentError: when `writer` is a direction, or `reader` is not one head.
        ClaimError: for another `via`, or a margin that is not between 0 and 1.

    Pitfalls:
        k/d is large where heads are wide (0.4 in Gemma 3 270M), and disjoint means no more than
        that.
    """
    if not 0 < within < 1:
        raise ClaimError(f"within is a share of the overlap between 0 and 1; got {within:g}.")
    of = _overlap(writer, reader, via, "subspaces_are_disjoint")
    expected = f"the overlap exceeds chance by less than {within:g}"
    made = all_of(Fact("overlap", IsDisjoint(of, within), expected, "overlap"))
    return replace(made, scope=f"through {_THROUGH[via]}")


def _overlap(writer: Subject, reader: Subject, via: Reads, claim_type: str) -> SubspaceOverlap:
    if via not in _THROUGH:
        raise ClaimError(f'{claim_type} is through "K", "Q" or "V"; got {via!r}.')
    head = reader.only(Head, claim_type)
    writers = tuple(one for one in writer.components if isinstance(one, Head | Neuron | MLP))
    if len(writers) < len(writer.components):
        raise ComponentError(f"{claim_type} is about heads, neurons or MLPs; got {writer!r}.")
    return SubspaceOverlap(writers, head, via, draws_for(writer.model))


@dataclass(frozen=True)
class OverlapsBeyondChance(Question):
    """Whether the overlap ranks above that of rotations.

    Args:
        of: The two subspaces.
    """

    of: SubspaceOverlap

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The overlaps."""
        return (WeightRequest(self.of),)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own, chance, *rotated = scores[WeightRequest(self.of)].tolist()
        if not np.isfinite(own):
            return Found(None, _UNDEFINED)
        found = stands_out(own, np.array(rotated), alpha, "rotations", ".4f")
        return replace(found, notes=(*found.notes, f"independent ones overlap by {chance:.4f}"))


@dataclass(frozen=True)
class IsDisjoint(Question):
    """Whether the overlap is that of independent subspaces but for a margin.

    Args:
        of: The two subspaces.
        within: The margin.
    """

    of: SubspaceOverlap
    within: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The overlaps."""
        return (WeightRequest(self.of),)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The excess; nothing is decided where it is the margin but for rounding."""
        own, chance, *_ = scores[WeightRequest(self.of)].tolist()
        if not np.isfinite(own):
            return Found(None, _UNDEFINED)
        excess = own - chance
        words = f"the overlap is {own:.4f}, {excess:+.4f} from chance, {chance:.4f}"
        at_margin = abs(excess - self.within) < _ROUNDING
        return Found(None if at_margin else excess < self.within, words, effect=own, notes=(words,))
