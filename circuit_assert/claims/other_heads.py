"""Whether heads do to tokens what other heads do not, by pairs of outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.components import Head
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.other_heads import HeadSets, RanksAcrossHeads
from circuit_assert.measurements.ov import OVCircuit, OwnRanks

_LEAST = 3  # sets of other heads

Outcomes = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RanksUnlikeOthers(Question):
    """Whether more tokens are among those raised (or lowered) most than with other heads.

    Args:
        of: The circuit, by the effective embedding.
        top: Among how many.
        lowered: Whether among those lowered most.
    """

    of: OVCircuit
    top: int
    lowered: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The heads' ranks, and those of others."""
        return WeightRequest(OwnRanks(self.of, self.lowered)), self._others

    def answer(self, scores: Scores, alpha: float) -> Found:
        """An exact test of pairs: each token by the heads, and by one set of others."""
        own, others = (scores[request] for request in self.needs(scores))
        kept = apart_from(self.of.heads, self._sets.drawn(scores.weights.card))
        table = others[int(self.lowered)][kept] <= self.top
        return outdoes(own[: table.shape[1]] <= self.top, table, alpha, str(self._sets))

    @property
    def _others(self) -> WeightRequest:
        return WeightRequest(RanksAcrossHeads(self._sets, self.of.tokens))

    @property
    def _sets(self) -> HeadSets:
        return sets_like(self.of.heads)


def sets_like(heads: tuple[Head, ...]) -> HeadSets:
    """Sets of as many heads, of one layer where these are."""
    return HeadSets(len(heads), one_layer=len({head.layer for head in heads}) == 1)


def apart_from(heads: tuple[Head, ...], sets: list[tuple[Head, ...]]) -> list[int]:
    """Which sets have none of these heads."""
    return [n for n, others in enumerate(sets) if set(others).isdisjoint(heads)]


def outdoes(own: Outcomes, others: Outcomes, alpha: float, what: str) -> Found:
    """Whether something holds of more tokens with a head than with another one.

    McNemar's exact test: every token is a pair, of the head and of one of the others, taken in
    turn. Pairs that agree say nothing; of those that do not, half would favour the head by chance.

    Args:
        own: `[token]`, whether it holds with the head.
        others: `[other, token]`, whether it does with each of the others.
        alpha: The level.
        what: What the others are.

    Source: McNemar 1947, doi:10.1007/BF02295996.
    """
    if len(others) < _LEAST:
        return Found(None, f"there are {len(others)} {what}: {_LEAST} are needed")
    paired = others[np.arange(len(own)) % len(others), np.arange(len(own))]
    found = pairs_test(own, paired)
    words = (
        f"{own.mean():.0%} of {len(own)} tokens, with {len(others)} {what} {others.mean():.0%}; of "
        f"those that tell a pair apart, {found.ahead} are for it and {found.behind} against"
    )
    lost = found.behind >= max(found.ahead, 1)
    holds = True if found.p_value <= alpha else False if lost else None
    return Found(holds, words, p_value=found.p_value, effect=float(own.mean()), notes=(words,))


@dataclass(frozen=True)
class Pairs:
    """How pairs of outcomes came out.

    Args:
        ahead: Pairs in which it holds of the first alone.
        behind: Pairs in which it holds of the second alone.
        p_value: That there are as many of the former by chance, were either as likely.
    """

    ahead: int
    behind: int
    p_value: float


def pairs_test(first: Outcomes, second: Outcomes) -> Pairs:
    """McNemar's exact test, one-sided."""
    from scipy import special

    ahead, behind = int((first & ~second).sum()), int((second & ~first).sum())
    p = float(special.bdtrc(ahead - 1, ahead + behind, 0.5)) if ahead else 1.0
    return Pairs(ahead, behind, p)
