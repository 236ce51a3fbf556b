"""Shares: one quantity as a part of another, over the same units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.measurements.base import AnyRequest, Scores


@dataclass(frozen=True)
class ShareOf(Quantity):
    """The mean of one quantity over that of another, never clipped, to be held against a share.

    With a and b the quantities and r the share, a unit's number is r + (a − r·b) / mean b. Their
    mean is the ratio of the means, and they lie above r exactly where a − r·b lies above zero: the
    ratio is tested as this difference, in which no unit's small b makes a large number.

    Args:
        part: a.
        whole: b, claimed to be above zero by a gate.
        against: r, the share at which the claim's region ends.
        nothing: Why there is no share where b is not above zero on average.
    """

    part: Quantity
    whole: Quantity
    against: float
    nothing: str

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of both."""
        return (*self.part.needs(scores), *self.whole.needs(scores))

    def measured(self, scores: Scores) -> Measured:
        """A share for each unit.

        Raises:
            CannotTell: when the denominator is not above zero on average.
        """
        mean = self._mean_of_whole(scores)
        difference = self.part.measured(scores)
        whole = self.whole.measured(scores)
        excess = difference.values - self.against * whole.values
        return Measured(
            self.against + excess / mean,
            difference.clusters,
            difference.units,
            notes=difference.notes,
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of both, over the denominator."""
        floor = max(q.noise(scores, floor_of) for q in (self.part, self.whole))
        return floor * (1 + abs(self.against)) / self._mean_of_whole(scores)

    def _mean_of_whole(self, scores: Scores) -> float:
        mean = float(self.whole.measured(scores).values.mean())
        if not mean > 0:
            raise CannotTell(self.nothing)
        return mean
