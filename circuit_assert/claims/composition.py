"""Does a later head read what an earlier one writes? From weights, without a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Fact, Found, Question, all_of
from circuit_assert.claims.weight_ranks import draws_for, stands_out
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Array, Scores, WeightRequest, Weights
from circuit_assert.measurements.composition import CompositionByChance, CompositionScores, Via

_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits"
_THROUGH = {"K": "its keys", "Q": "its queries", "V": "its values"}


@claim("what {earlier} writes is read by {later}", source=_ELHAGE)
def heads_compose(earlier: Subject, later: Subject, *, via: Via) -> Body:
    """By their weights, the later head reads what the earlier one writes, more than others do.

    The composition score ‖W_OV W‖ / (‖W_OV‖ ‖W‖), W being W_QK from the keys' or the queries' side
    or W_OV of the later head, with norms' gains folded in. It is larger than with 99 random
    rotations of the residual stream between the two, and than that of mismatched heads: other
    earlier heads with the same later one where there are 99, else all pairs of an earlier head
    with one of the later head's layer, its own being the largest of the later head's.

    Scores are norms: a few directions that many heads write and read weigh most, and a mismatched
    head does as well there. Nothing is said of use: two heads may fit and never meet.

    Args:
        earlier: One head.
        later: One head of a later layer.
        via: What of the later head reads: "K", "Q" or "V". With rotary positions, "K" and "Q" are
            scored at distance 0.

    Raises:
        ComponentError: when `earlier` or `later` is not one head.
        ClaimError: for a head that is not earlier, or another `via`.

    Pitfalls:
        A pair that composes by weights need not do so in use: the earlier head may write the same
        everywhere. Rotations alone say little: nearly all pairs of trained heads share some loud
        directions. Refused with norms after attention, and via "K" or "Q" with norms of queries and
        keys. Each part is a rank among many, and open where there are fewer than 99.
    """
    first, second = (one.only(Head, "heads_compose") for one in (earlier, later))
    if via not in _THROUGH:
        raise ClaimError(f'heads compose via "K", "Q" or "V"; got {via!r}.')
    if first.layer >= second.layer:
        raise ClaimError(
            f"{first} does not run before {second}, so it writes nothing that {second} reads: name "
            f"a head of L0 to L{second.layer - 1}."
            if second.layer
            else f"{second} is in the first layer: no head writes what it reads."
        )
    pair = Composition(first, second, via, draws_for(earlier.model))
    made = all_of(
        Fact("beyond rotations", BeyondRotations(pair), "rotated weights score less", "score"),
        Fact("beyond other heads", BeyondOthers(pair), "mismatched heads score less", "score"),
    )
    return replace(made, scope=f"through {_THROUGH[via]}")


@dataclass(frozen=True)
class Composition:
    """Two heads, and what of the later one reads.

    Args:
        earlier: The head that writes.
        later: The head that reads.
        via: Through what.
        draws: How many rotations it is compared with.
    """

    earlier: Head
    later: Head
    via: Via
    draws: int

    @property
    def scores(self) -> WeightRequest:
        """All pairs with the later head's layer."""
        return WeightRequest(CompositionScores(self.later.layer, self.via))

    @property
    def by_chance(self) -> WeightRequest:
        """The same two, rotated."""
        measurement = CompositionByChance(self.earlier, self.later, self.via, self.draws)
        return WeightRequest(measurement)

    def place(self, weights: Weights) -> tuple[int, int]:
        """Which of all pairs."""
        return self.earlier.layer * weights.card.heads + self.earlier.head, self.later.head

    def obstacle(self, weights: Weights) -> str | None:
        """Why weights do not tell; None where they do."""
        if weights.has_post_norms:
            return (
                "the norm after attention takes away how much a head writes along a direction: "
                "composition scores are norms, and say nothing here"
            )
        if self.via != "V" and weights.has_query_key_norms:
            return "queries and keys are normalised: there is no matrix W_QK to compose with"
        return None

    def notes(self, weights: Weights) -> tuple[str, ...]:
        """What a reader should know of the score."""
        chance = f"independent directions score about {weights.card.d_model**-0.5:.3f}"
        turned = self.via != "V" and weights.has_rotary_positions
        rotary = ("at rotary distance 0: any other turns keys against queries",) if turned else ()
        return (chance, *rotary)


@dataclass(frozen=True)
class BeyondRotations(Question):
    """Whether the score is more than by chance.

    Args:
        of: The pair.
    """

    of: Composition

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The score, and those by chance; nothing where weights do not tell."""
        if self.of.obstacle(scores.weights):
            return ()
        return self.of.scores, self.of.by_chance

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among rotations."""
        obstacle = self.of.obstacle(scores.weights)
        if obstacle:
            return Found(None, obstacle)
        own = float(scores[self.of.scores][self.of.place(scores.weights)])
        found = stands_out(own, scores[self.of.by_chance], alpha, "rotations", ".4f")
        return replace(found, notes=(*found.notes, *self.of.notes(scores.weights)))


@dataclass(frozen=True)
class BeyondOthers(Question):
    """Whether the score is more than that of mismatched heads.

    Args:
        of: The pair.
    """

    of: Composition

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """All scores; nothing where weights do not tell."""
        return () if self.of.obstacle(scores.weights) else (self.of.scores,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among other earlier heads, or among other pairs."""
        obstacle = self.of.obstacle(scores.weights)
        if obstacle:
            return Found(None, obstacle)
        table, (row, column) = scores[self.of.scores], self.of.place(scores.weights)
        own, same = float(table[row, column]), np.delete(table[:, column], row)
        among_same = stands_out(own, same, alpha, "other earlier heads", ".4f")
        if np.isfinite(same).sum() + 1 >= 1 / alpha:
            return among_same
        return _among_pairs(own, same, np.delete(table, row * table.shape[1] + column), alpha)


def _among_pairs(own: float, same: Array, others: Array, alpha: float) -> Found:
    """Where one later head has too few earlier ones: the largest of its own, and of all pairs."""
    found = stands_out(own, others, alpha, "other pairs with the layer", ".4f")
    larger = int(np.count_nonzero(same >= own))
    if larger == 0 or found.holds is not True:
        return found
    words = f"{larger} of {same.size} other earlier heads score as much with the same later head"
    return Found(None, words, effect=own, notes=found.notes)
