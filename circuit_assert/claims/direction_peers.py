"""Matched directions: do differences between unrelated prompts do as much as the one claimed?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.directions import Floats, matched_directions, separation
from circuit_assert.claims.matched_pairs import MatchedPairs
from circuit_assert.claims.quantities import remembered
from circuit_assert.claims.separations import Axis, MovedChoice, projections, shift_by
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.prompt_set import PromptSet

Numbers = npt.NDArray[np.int64]

_MARGIN = LogitDifference()
_LEAST_TEMPLATES = 40
_CONCEPTS = 8  # of the unrelated prompts; each in every template, so that words cancel
_MOVED_PAIRS = 8  # of each language, whose choices the matched directions try to move


@dataclass(frozen=True)
class Peers:
    """Directions between unrelated templates at the claimed direction's site, both signs.

    Args:
        axis: The claimed direction.
        unrelated: The prompts; make them with `unrelated_part`.
        pairs: How many pairs of templates; twice as many directions.
    """

    axis: Axis
    unrelated: PromptSet
    pairs: int = 100

    def requests(self) -> tuple[Request, ...]:
        """What the claimed direction and the matched ones are made of."""
        return (*self.axis.requests(), self.axis.at(self.unrelated))

    @remembered
    def numbers(self, scores: Scores) -> Floats:
        """float64[direction, d_model], of unit norm."""
        tokenized = scores.tokenized(self.unrelated)
        prompts = self.unrelated.prompts
        templates = np.array([prompts[unit].clusters["template"] for unit in tokenized.kept])
        streams = scores[self.axis.at(self.unrelated)].astype(np.float64)
        return matched_directions(streams, templates, self.pairs)


@dataclass(frozen=True)
class SeparatesMore(Question):
    """Whether the smallest separation over languages is above that of matched directions.

    Args:
        peers: The matched directions, and the claimed one.
        languages: The conditions in each language.
    """

    peers: Peers
    languages: tuple[MatchedPairs, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Residual streams."""
        axis = self.peers.axis
        return (*self.peers.requests(), *(axis.at(pairs.prompts) for pairs in self.languages))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among them."""
        axis, others = self.peers.axis, self.peers.numbers(scores)
        own = axis.numbers(scores)
        observed: list[float] = []
        matched: list[Floats] = []
        for pairs in self.languages:
            fitting = pairs.fitting(scores)
            toward, away = projections(own, axis, pairs, fitting, scores)
            frames = fitting.frames
            observed.append(float(separation(toward[:, None], away[:, None], frames)[0]))
            streams = scores[axis.at(pairs.prompts)].astype(np.float64) @ others.T
            matched.append(separation(streams[fitting.toward], streams[fitting.away], frames))
        smallest = np.stack(matched).min(0)
        words = "unrelated directions separate the conditions as well"
        above = int((~(smallest < min(observed))).sum())  # one that is not finite counts too
        found = _ranked(
            min(observed),
            "standard deviations",
            above=above,
            total=smallest.size,
            alpha=alpha,
            words=words,
        )
        return replace(found, notes=(*found.notes, f"the best of them {smallest.max():.2f}"))


@dataclass(frozen=True)
class MovesMore(Question):
    """Whether the smallest effect over languages is above that of matched directions.

    Every prompt is moved as far as by the claimed direction, along another. Languages are asked
    one after the other: a direction that does less in one of them does less in the smallest, so
    it is not asked in the next; the answer is the same.

    Args:
        peers: The matched directions, and the claimed one.
        languages: The conditions in each language.
    """

    peers: Peers
    languages: tuple[MatchedPairs, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Residual streams; the claimed direction's effects; the matched ones', by language."""
        seen = [*self.peers.requests()]
        seen += [r for pairs in self.languages for r in self._own(pairs).needs(scores)]
        if any(request not in scores for request in seen):
            return seen
        observed = self._observed(scores)
        left = np.arange(len(self.peers.numbers(scores)))
        for pairs in self.languages:
            seen += self._moved(pairs, scores, left)
            if any(request not in scores for request in seen):
                break
            left = left[~(self._effects(pairs, scores, left) < observed)]
        return seen

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank among them."""
        observed = self._observed(scores)
        total = len(self.peers.numbers(scores))
        left = np.arange(total)
        for pairs in self.languages:
            left = left[~(self._effects(pairs, scores, left) < observed)]
        words = "unrelated directions of equal norm move the choice as much"
        return _ranked(observed, "logits", above=len(left), total=total, alpha=alpha, words=words)

    def _own(self, pairs: MatchedPairs) -> MovedChoice:
        return MovedChoice(self.peers.axis, pairs)

    def _observed(self, scores: Scores) -> float:
        """The claimed direction's smallest effect, on the pairs that the others are tried on."""
        return min(
            float(self._own(pairs).drops(scores)[self._rows(pairs, scores)].mean())
            for pairs in self.languages
        )

    def _few(self, pairs: MatchedPairs, scores: Scores) -> MatchedPairs:
        numbers = pairs.fitting(scores).numbers
        return pairs.first([numbers[i] for i in self._chosen(len(numbers))])

    def _rows(self, pairs: MatchedPairs, scores: Scores) -> list[int]:
        """The rows, in all prompts of a language, of the few that are tried."""
        fitting = pairs.fitting(scores)
        chosen = self._chosen(len(fitting.numbers))
        return [*fitting.toward[chosen].tolist(), *fitting.away[chosen].tolist()]

    def _chosen(self, count: int) -> list[int]:
        return np.linspace(0, count - 1, min(count, _MOVED_PAIRS)).round().astype(int).tolist()

    def _moved(self, pairs: MatchedPairs, scores: Scores, which: Numbers) -> list[Request]:
        """Each matched direction's margins on the few; none when these do not move at all."""
        moves, _ = self._own(pairs).moves(scores)
        lengths = moves[self._rows(pairs, scores)]
        few, direction = self._few(pairs, scores).prompts, self.peers.axis.direction
        return [
            Request(_MARGIN, few, under=shift_by(direction, lengths[:, None] * other))
            for other in self.peers.numbers(scores)[which]
            if lengths.any()
        ]

    def _effects(self, pairs: MatchedPairs, scores: Scores, which: Numbers) -> Floats:
        """Mean drop of the margin under each matched direction, float64[direction]."""
        clean = scores[Request(_MARGIN, pairs.prompts)][self._rows(pairs, scores)].mean()
        moved = self._moved(pairs, scores, which)
        return np.array([clean - scores[request].mean() for request in moved] or [0.0] * len(which))


def unrelated_part(prompts: PromptSet) -> PromptSet:
    """A few concepts of unrelated prompts, each in every template, so that words cancel.

    Raises:
        ClaimError: for too few templates.
    """
    templates = {prompt.clusters.get("template", "") for prompt in prompts} - {""}
    if len(templates) < _LEAST_TEMPLATES:
        raise ClaimError(
            f"matched directions come from at least {_LEAST_TEMPLATES} unrelated templates; "
            f"{prompts.name} has {len(templates)}. Try unrelated()."
        )
    concepts = list(dict.fromkeys(prompt.clusters.get("concept", "") for prompt in prompts))
    few = set(concepts[:: max(1, len(concepts) // _CONCEPTS)][:_CONCEPTS])
    return prompts.where(lambda prompt: prompt.clusters.get("concept", "") in few)


def _ranked(
    observed: float, unit: str, *, above: int, total: int, alpha: float, words: str
) -> Found:
    """The rank of a statistic of which `above` of `total` peers have as much."""
    if total < math.ceil(1 / alpha - 1e-9) - 1:
        return Found(None, f"{total} matched directions are too few for a rank at α = {alpha:.2g}")
    p_value = (1 + above) / (1 + total)
    note = (
        f"{observed:.2f} {unit} in the language with least; {above} of {total} directions reach it"
    )
    return Found(p_value <= alpha, words, p_value, observed, (note,))
