"""Where swaps make both answers as likely, and by how much two of them differ in that."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.directions import Floats
from circuit_assert.claims.languages.doses import Dose, OfDose
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.measurements.base import AnyRequest, Scores


@dataclass(frozen=True)
class Crossing:
    """Where the mean margin of prompts becomes zero.

    Args:
        strength: Where.
        slope: Of the mean there, in nats for each time the swap is added.
        margins: Of each prompt there, by the same line, in nats: `[unit]`. Their mean is zero.
    """

    strength: float
    slope: float
    margins: Floats

    @property
    def influences(self) -> Floats:
        """How far each prompt moves the strength, times how many prompts there are: `[unit]`."""
        return -self.margins / self.slope


@dataclass(frozen=True)
class CrossoverDifference(Quantity):
    """The crossover of one dose minus that of another, by cells of their clusters.

    Args:
        first: Prompts of one language.
        second: Prompts of the other.
    """

    first: Dose
    second: Dose

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Logits."""
        return (*self.first.needs(scores), *self.second.needs(scores))

    def measured(self, scores: Scores) -> Measured:
        """One value per cell; their mean is the difference, and their spread that of its error.

        Raises:
            CannotTell: when one of them does not cross over.
        """
        doses, sides = (self.first, self.second), self._crossings(scores)
        names = self.first.on.cluster_by
        cells: dict[tuple[Hashable, ...], float] = {}
        for dose, crossing, sign in zip(doses, sides, (1.0, -1.0), strict=True):
            clusters = scores.tokenized(dose.on).clusters
            added = sign * crossing.influences / len(crossing.margins)
            units = zip(*(clusters[name] for name in names), strict=True)
            for cell, value in zip(units, added.tolist(), strict=True):
                cells[cell] = cells.get(cell, 0.0) + value
        difference = sides[0].strength - sides[1].strength
        return Measured(
            difference + len(cells) * np.array(list(cells.values())),
            {name: [cell[n] for cell in cells] for n, name in enumerate(names)},
            tuple(range(len(cells))),
            notes=(
                f"as likely at {sides[0].strength:.2f} times the swap on {self.first.on.name}, at "
                f"{sides[1].strength:.2f} on {self.second.on.name}",
            ),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of two margins, each over its slope."""
        pairs = zip((self.first, self.second), self._crossings(scores), strict=True)
        return sum(dose.noise(scores, floor_of) / crossing.slope for dose, crossing in pairs)

    def _crossings(self, scores: Scores) -> tuple[Crossing, Crossing]:
        return crossing_of(self.first, scores), crossing_of(self.second, scores)


@dataclass(frozen=True)
class RiseAcross(OfDose):
    """How much the margin rises between the two strengths around the crossover, in nats.

    Args:
        dose: The prompts and strengths.
    """

    def measured(self, scores: Scores) -> Measured:
        """One number per prompt."""
        margins = self.dose.margins(scores)
        after = _after(margins, self.dose)
        return self.dose.measured(scores, margins[after] - margins[after - 1])

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of two margins."""
        return 2 * self.dose.noise(scores, floor_of)


def crossing_of(dose: Dose, scores: Scores) -> Crossing:
    """Where a dose crosses over.

    Raises:
        CannotTell: when it does within none of the strengths, or without the swap.
    """
    margins = dose.margins(scores)
    after, at = _after(margins, dose), (0.0, *dose.strengths)
    low, high = margins[after - 1], margins[after]
    share = float(-low.mean() / (high.mean() - low.mean()))
    width = at[after] - at[after - 1]
    return Crossing(
        at[after - 1] + share * width,
        float(high.mean() - low.mean()) / width,
        (1 - share) * low + share * high,
    )


def _after(margins: Floats, dose: Dose) -> int:
    """The number of the first strength at which the swapped answer is at least as likely."""
    reached = np.flatnonzero(margins.mean(1) >= 0)
    if not len(reached) or not reached[0]:
        when = "before it is swapped" if len(reached) else f"within {dose.strengths[-1]:g} times it"
        not_at_all = "not " if not len(reached) else ""
        raise CannotTell(f"on {dose.on.name} the answers are {not_at_all}as likely {when}")
    return int(reached[0])
