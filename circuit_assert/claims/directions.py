"""The arithmetic of directions: leaving concepts out, separating conditions, moving projections.

Arrays in, arrays out. A pair is one concept in one template of each of two conditions; `frame`
numbers the pairs' templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class LeftOut:
    """One direction in as many versions as there are concepts, each made without its concept.

    Args:
        origin: float64[d_model], midway between the two conditions.
        length: How far apart these are.
        whole: float64[d_model], of unit norm, with no concept left out.
        without: Concept → float64[d_model], of unit norm.
    """

    origin: Floats
    length: float
    whole: Floats
    without: dict[str, Floats]

    def rows(self, concepts: Sequence[str]) -> Floats:
        """The version for each concept, float64[concept, d_model]; whole for unknown ones."""
        return np.stack([self.without.get(concept, self.whole) for concept in concepts])

    def project(self, residuals: Floats, concepts: Sequence[str]) -> Floats:
        """float64[unit, d_model] → float64[unit], each on the version without its own concept."""
        centred = residuals - self.origin
        return np.einsum("ud,ud->u", centred, self.rows(concepts))


def left_out(residuals: Floats, toward: Bools, concepts: Names) -> LeftOut:
    """The difference of two conditions' means, and the same without each concept in turn.

    Args:
        residuals: float64[unit, d_model].
        toward: bool[unit], the condition at the direction's head.
        concepts: str[unit].
    """
    ends = [residuals[side].mean(0) for side in (toward, ~toward)]
    versions: dict[str, Floats] = {}
    for concept in np.unique(concepts).tolist():
        others = concepts != concept
        if (others & toward).any() and (others & ~toward).any():
            head, tail = (residuals[others & side].mean(0) for side in (toward, ~toward))
            versions[concept] = _unit(head - tail)
    difference = ends[0] - ends[1]
    length = float(np.linalg.norm(difference))
    return LeftOut((ends[0] + ends[1]) / 2, length, _unit(difference), versions)


def matched_directions(residuals: Floats, templates: Names, pairs: int, seed: int = 0) -> Floats:
    """Unit-norm differences between template means, both signs: float64[2 × pairs, d_model].

    Args:
        residuals: float64[unit, d_model], of unrelated prompts.
        templates: str[unit].
        pairs: How many pairs of templates to draw, without repetition; at most all. Pairs of
            equal means have no direction and are left out.
        seed: What they are drawn with.
    """
    means = np.stack([residuals[templates == name].mean(0) for name in np.unique(templates)])
    first, second = np.triu_indices(len(means), k=1)
    drawn = np.random.default_rng(seed).permutation(len(first))[:pairs]
    differences = means[first[drawn]] - means[second[drawn]]
    norms = np.linalg.norm(differences, axis=1, keepdims=True)
    apart = norms[:, 0] > 0  # equal means have no direction between them
    directions = differences[apart] / norms[apart]
    return np.concatenate([directions, -directions])


def separation(toward: Floats, away: Floats, frames: Names) -> Floats:
    """How many standard deviations of template means apart two conditions are: float64[direction].

    The mean difference of the pairs, divided by the standard deviation of template means pooled
    within the conditions.

    Args:
        toward: float64[pair, direction], projections.
        away: float64[pair, direction].
        frames: str[pair].
    """
    return (toward - away).mean(0) / _spread(toward, away, frames)


def separation_by_pair(toward: Floats, away: Floats, frames: Names, by: float = 0.0) -> Floats:
    """`separation` of one direction as float64[pair], with that mean, to be tested against `by`.

    Where the ratio of difference and standard deviation is compared with a number other than
    zero, the error of the standard deviation counts too. To first order it moves the ratio by
    −by/2 · (a template's squared deviation over the variance, minus 1): each pair carries the
    share of its template.

    Args:
        toward: float64[pair], projections.
        away: float64[pair].
        frames: str[pair].
        by: What the mean is compared with.
    """
    spread = float(_spread(toward[:, None], away[:, None], frames)[0])
    squared = np.zeros_like(toward)
    for values in (toward, away):
        means = _frame_means(values, frames)
        squared += ((means - means.mean()) ** 2)[_codes(frames)]
    return (toward - away) / spread - by / 2 * (squared / squared.mean() - 1)


def moves_to_the_other(own: Floats, target: Floats, *, down: bool) -> Floats:
    """How far each projection moves to reach its target, never beyond it: float64[unit].

    One that is already past its target stays.

    Args:
        own: float64[unit], projections.
        target: float64[unit], the other condition's mean.
        down: Whether the other condition lies at the direction's tail.
    """
    move = target - own
    return np.minimum(move, 0.0) if down else np.maximum(move, 0.0)


def means_without(projections: Floats, concepts: Names, versions: Sequence[str]) -> Floats:
    """For each version's concept, the mean of the other concepts' projections: float64[version].

    Args:
        projections: float64[unit, version], on the direction's versions.
        concepts: str[unit].
        versions: The concept that each version leaves out.
    """
    others = concepts[:, None] != np.array(versions)[None, :]
    return (projections * others).sum(0) / others.sum(0)


def _spread(toward: Floats, away: Floats, frames: Names) -> Floats:
    deviations = [
        (means - means.mean(0)) ** 2
        for means in (_frame_means(toward, frames), _frame_means(away, frames))
    ]
    freedom = sum(len(d) for d in deviations) - 2
    return np.sqrt(np.concatenate(deviations).sum(0) / freedom)


def _frame_means(values: Floats, frames: Names) -> Floats:
    return np.stack([values[frames == name].mean(0) for name in np.unique(frames)])


def _codes(frames: Names) -> npt.NDArray[np.intp]:
    return np.unique(frames, return_inverse=True)[1]


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)
