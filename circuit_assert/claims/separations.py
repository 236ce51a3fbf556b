"""What a direction does to pairs of prompts: separates them, and moves the model's choice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.directions import (
    Bools,
    Floats,
    LeftOut,
    left_out,
    means_without,
    moves_to_the_other,
    separation_by_pair,
)
from circuit_assert.claims.matched_pairs import LEAST, Fitting, MatchedPairs, content_tokens
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, remembered
from circuit_assert.components import Direction
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Shift
from circuit_assert.measurements import LogitDifference, Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

_MARGIN = LogitDifference()
_LEAST_TEMPLATES = 3  # of each condition, for a direction made without shared operation words


@dataclass(frozen=True)
class Axis:
    """A direction as numbers: from its own prompts, each concept left out in turn.

    Args:
        direction: Between two prompt sets with concept ids.
    """

    direction: Direction

    @property
    def ends(self) -> tuple[PromptSet, PromptSet]:
        """The prompts at its head and at its tail.

        Raises:
            ClaimError: when they have no concept ids, so that none can be left out.
        """
        ends = (self.direction.toward, self.direction.away)
        for end in ends:
            if not isinstance(end, PromptSet) or any(not p.clusters.get("concept") for p in end):
                raise ClaimError(
                    f"{end.name}: every prompt that makes the direction needs a 'concept' id, so "
                    f"that the tested concept can be left out."
                )
        return ends  # pyright: ignore[reportReturnType]

    def at(self, prompts: Prompts) -> Request:
        """The residual streams of a prompt set at the direction's site."""
        return Request(Residual(self.direction.site), prompts)

    def requests(self) -> tuple[Request, ...]:
        """What the direction is made of."""
        return tuple(self.at(end) for end in self.ends)

    @remembered
    def numbers(self, scores: Scores) -> LeftOut:
        """The direction, of all its prompts."""
        return self.of(scores, lambda prompt: True)

    def of(self, scores: Scores, keep: Callable[[Prompt], bool]) -> LeftOut:
        """The direction, of the prompts to keep.

        Raises:
            CannotTell: when fewer than three templates of a condition are left.
        """
        residuals: list[Floats] = []
        concepts: list[str] = []
        for end in self.ends:
            kept = [end.prompts[unit] for unit in scores.tokenized(end).kept]
            used = np.array([keep(prompt) for prompt in kept])
            templates = {p.clusters.get("template") for p, u in zip(kept, used, strict=True) if u}
            if not used.all() and len(templates) < _LEAST_TEMPLATES:
                raise CannotTell(
                    f"only {len(templates)} templates of {end.name} ask without a shared word for "
                    f"the operation; it takes {_LEAST_TEMPLATES}"
                )
            residuals.append(scores[self.at(end)][used].astype(np.float64))
            concepts += [p.clusters["concept"] for p, u in zip(kept, used, strict=True) if u]
        toward = np.arange(len(concepts)) < len(residuals[0])
        return left_out(np.concatenate(residuals), toward, np.array(concepts))


@dataclass(frozen=True)
class Separation(Quantity):
    """How far apart a direction puts two conditions, in standard deviations of their templates.

    Args:
        axis: The direction.
        pairs: The conditions, in one language.
        by: The smallest separation that counts.
        without_shared_words: Leave out pairs with a cognate or a token that the direction's own
            prompts contain, and the direction's templates with an operation word of the pairs'.
    """

    axis: Axis
    pairs: MatchedPairs
    by: float = 0.0
    without_shared_words: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Residual streams."""
        return (*self.axis.requests(), self.axis.at(self.pairs.prompts))

    def measured(self, scores: Scores) -> Measured:
        """One number per pair; their mean is the separation."""
        fitting = self.pairs.fitting(scores)
        axis = self.axis.numbers(scores)
        if self.without_shared_words:
            fitting = fitting.keeping(_shares_no_words(self.axis, self.pairs, fitting, scores))
            axis = self.axis.of(scores, _without_roots_of(self.pairs))
        _require_levels(fitting, self.pairs)
        toward, away = projections(axis, self.axis, self.pairs, fitting, scores)
        values = separation_by_pair(toward, away, fitting.frames, self.by)
        return Measured(
            values, fitting.clusters, fitting.numbers, notes=_notes(self.pairs, fitting)
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """An activation's noise, as standard deviations: projections are on unit vectors."""
        fitting = self.pairs.fitting(scores)
        axis = self.axis.numbers(scores)
        toward, away = projections(axis, self.axis, self.pairs, fitting, scores)
        apart = abs(float((toward - away).mean()))
        worst = max(floor_of(request) for request in self.needs(scores))
        ratio = abs(float(separation_by_pair(toward, away, fitting.frames).mean()))
        return 2 * worst * ratio / apart if apart else 0.0


@dataclass(frozen=True)
class Preference(Quantity):
    """By how many logits the model prefers the asked operation's answer, both operations alike.

    The mean over a pair's two prompts of logit(own answer) − logit(the other's answer): the words
    are the same in both with their parts exchanged, so that how frequent they are cancels.

    Args:
        pairs: The conditions, in one language.
    """

    pairs: MatchedPairs

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The margins."""
        return (Request(_MARGIN, self.pairs.prompts),)

    def measured(self, scores: Scores) -> Measured:
        """One number per pair."""
        fitting = self.pairs.fitting(scores)
        margins = scores[Request(_MARGIN, self.pairs.prompts)]
        toward, away = margins[fitting.toward], margins[fitting.away]
        note = f"mean margin {toward.mean():+.2f} and {away.mean():+.2f} in the two conditions"
        return Measured((toward + away) / 2, fitting.clusters, fitting.numbers, notes=(note,))


@dataclass(frozen=True)
class MovedChoice(Quantity):
    """How many logits of its preference the model loses when a projection moves.

    Each prompt's projection moves to the other condition's mean in its language, own concept left
    out, and never beyond it. Averaged over the two prompts of a pair.

    Args:
        axis: The direction.
        pairs: The conditions, in one language.
    """

    axis: Axis
    pairs: MatchedPairs

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Residual streams; then the margins with and without the move."""
        seen = (*self.axis.requests(), self.axis.at(self.pairs.prompts))
        if any(request not in scores for request in seen):
            return seen
        return (*seen, *self._margins(scores))

    def measured(self, scores: Scores) -> Measured:
        """One number per pair; positive when the direction acts as claimed."""
        fitting = self.pairs.fitting(scores)
        drops = self.drops(scores)
        values = (drops[fitting.toward] + drops[fitting.away]) / 2
        moved = np.linalg.norm(self.vectors(scores), axis=1)[[*fitting.toward, *fitting.away]]
        note = f"moved by {moved.mean():.3g} on average; {(moved == 0).mean():.0%} not at all"
        return Measured(values, fitting.clusters, fitting.numbers, notes=(note,))

    def drops(self, scores: Scores) -> Floats:
        """Margin without the move minus margin with it, float64[unit]."""
        clean, moved = self._margins(scores)
        return scores[clean] - scores[moved]

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the margins."""
        return max(floor_of(request) for request in self._margins(scores))

    def vectors(self, scores: Scores) -> Floats:
        """What is added to each unit's residual stream, float64[unit, d_model]."""
        moves, versions = self.moves(scores)
        return moves[:, None] * versions

    def moves(self, scores: Scores) -> tuple[Floats, Floats]:
        """How far each unit moves, float64[unit], and along what, float64[unit, d_model]."""
        axis = self.axis.numbers(scores)
        fitting = self.pairs.fitting(scores)
        streams = scores[self.axis.at(self.pairs.prompts)].astype(np.float64)
        concepts = np.unique(fitting.concepts)
        versions = axis.rows(concepts.tolist())
        own = np.searchsorted(concepts, fitting.concepts)
        moves = np.zeros(len(streams))
        along = np.zeros_like(streams)
        for rows, others, down in (
            (fitting.toward, fitting.away, True),
            (fitting.away, fitting.toward, False),
        ):
            target = means_without(
                streams[others] @ versions.T, fitting.concepts, concepts.tolist()
            )
            projected = np.einsum("ud,ud->u", streams[rows], versions[own])
            moves[rows] = moves_to_the_other(projected, target[own], down=down)
            along[rows] = versions[own]
        return moves, along

    @remembered
    def _margins(self, scores: Scores) -> tuple[Request, Request]:
        shift = shift_by(self.axis.direction, self.vectors(scores))
        return (
            Request(_MARGIN, self.pairs.prompts),
            Request(_MARGIN, self.pairs.prompts, under=shift),
        )


@dataclass(frozen=True)
class Leak(Quantity):
    """How far apart the direction puts two operations it is not about, its own distance being 1.

    Args:
        axis: The direction.
        pairs: The unrelated operations, in the direction's own language.
    """

    axis: Axis
    pairs: MatchedPairs

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Residual streams."""
        return (*self.axis.requests(), self.axis.at(self.pairs.prompts))

    def measured(self, scores: Scores) -> Measured:
        """One number per pair."""
        fitting = self.pairs.fitting(scores)
        axis = self.axis.numbers(scores)
        toward, away = projections(axis, self.axis, self.pairs, fitting, scores)
        values = (toward - away) / axis.length
        return Measured(values, fitting.clusters, fitting.numbers)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """An activation's noise, as a share of the direction's length."""
        worst = max(floor_of(request) for request in self.needs(scores))
        return 2 * worst / self.axis.numbers(scores).length


def projections(
    axis: LeftOut, of: Axis, pairs: MatchedPairs, fitting: Fitting, scores: Scores
) -> tuple[Floats, Floats]:
    """Where a pair's two prompts lie along the direction: float64[pair] each."""
    streams = scores[of.at(pairs.prompts)].astype(np.float64)
    concepts = fitting.concepts.tolist()
    return (
        axis.project(streams[fitting.toward], concepts),
        axis.project(streams[fitting.away], concepts),
    )


def shift_by(direction: Direction, vectors: Floats) -> Shift:
    """The intervention that adds these vectors, known by what they are."""
    narrow = vectors.astype(np.float32)
    return Shift(direction.site, narrow, hashlib.sha256(narrow.tobytes()).hexdigest()[:16])


def _require_levels(fitting: Fitting, pairs: MatchedPairs) -> None:
    for name, ids in fitting.clusters.items():
        levels = len(set(ids))
        if levels < LEAST:
            raise CannotTell(f"{levels} {name}s of {pairs.prompts.name} are left; it takes {LEAST}")


def _notes(pairs: MatchedPairs, fitting: Fitting) -> tuple[str, ...]:
    left = pairs.size - len(fitting.numbers)
    return (f"{left} of {pairs.size} pairs of {pairs.prompts.name} left out",) if left else ()


def _without_roots_of(pairs: MatchedPairs) -> Callable[[Prompt], bool]:
    roots = {p.clusters.get("root", "none") for p in pairs.prompts} - {"none"}
    return lambda prompt: prompt.clusters.get("root", "none") not in roots


def _shares_no_words(axis: Axis, pairs: MatchedPairs, fitting: Fitting, scores: Scores) -> Bools:
    """Which pairs have no cognate, and no content token that occurs in the direction's prompts."""
    theirs: set[int] = set()
    for end in axis.ends:
        theirs.update(*_contents(end, scores))
    own = _contents(pairs.prompts, scores)
    prompts = pairs.prompts.prompts
    return np.array(
        [
            prompts[number].clusters.get("cognate") != "yes" and not own[row] & theirs
            for number, row in zip(fitting.numbers, fitting.toward, strict=True)
        ]
    )


def _contents(prompts: PromptSet, scores: Scores) -> list[frozenset[int]]:
    tokenized = scores.tokenized(prompts)
    templates = [prompts.prompts[unit].clusters.get("template", "") for unit in tokenized.kept]
    return content_tokens(tokenized, templates)
