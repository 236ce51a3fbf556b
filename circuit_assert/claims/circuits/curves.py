"""Curves: what the circuits of a ranking's first few members recover, and the areas under them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.circuits.task import Task
from circuit_assert.claims.quantities import (
    CannotTell,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
    remembered,
)
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.rankings import Ranking
from circuit_assert.stats.sample import cluster_codes, group_means

Area: TypeAlias = Literal["CPR", "CMD"]
Reals = npt.NDArray[np.float64]
_RANDOM: dict[Area, float] = {"CPR": 0.25, "CMD": 0.75}


def shares_of(percentages: Iterable[float], total: int) -> tuple[int, ...]:
    """Percentages of a number as whole numbers above zero, rounded down, each once."""
    found = {int(percentage * total / 100 + 1e-9) for percentage in percentages}
    return tuple(sorted(found - {0}))


def areas(sizes: Sequence[int], total: int, shares: Reals, *, log: bool = False) -> Reals:
    """CPR and CMD by trapezoids: `[2]`.

    Args:
        sizes: How many members, from the fewest to all.
        total: How many there are.
        shares: f at each size.
        log: Whether over the logarithm of the size, from the smallest size on and as a part of
            that axis; else over the share of members, from f = 0 at none.
    """
    at = np.array(sizes, np.float64) / total
    if log:
        at = np.log(at) - np.log(at[0])
        at = at / at[-1] if len(at) > 1 else at
    else:
        at, shares = np.append(0.0, at), np.append(0.0, shares)
    heights = np.stack([shares, np.abs(1.0 - shares)])
    return ((heights[:, 1:] + heights[:, :-1]) / 2 * np.diff(at)).sum(1)


@dataclass(frozen=True)
class Curve:
    """What the circuits of a ranking's first members recover.

    Args:
        task: What is scored.
        ranking: The order.
        sizes: How many members, from the fewest to all that there are.
        control: Whether it is one of some random ones.
    """

    task: Task
    ranking: Ranking
    sizes: tuple[int, ...]
    control: bool = False

    @property
    def total(self) -> int:
        """How many there are to rank."""
        return self.sizes[-1]

    @remembered
    def table(self, scores: Scores) -> tuple[Reals, Measured]:
        """Nothing, the circuits but the last, and the whole model, `[unit, circuit]`; the units."""
        found = [each.measured(scores) for each in self._scores]
        return np.stack([each.values for each in found], axis=1), found[0]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of all."""
        return [request for score in self._scores for request in score.needs(scores)]

    def shares(self, means: Reals) -> Reals:
        """f at each size, of means of the table's columns."""
        return (means[1:] - means[0]) / (means[-1] - means[0])

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """Of an area: of each share, numerator and denominator, over an axis of length one."""
        floor = max(score.noise(scores, floor_of) for score in self._scores)
        means = self.table(scores)[0].mean(0)
        span = means[-1] - means[0]
        return 2 * floor * (1 + float(np.abs(self.shares(means)).max())) / span if span > 0 else 0.0

    @property
    def _scores(self) -> list[Quantity]:
        circuits = [self.ranking.first(size) for size in self.sizes[:-1]]
        alone = [self.task.alone(each, control=self.control) for each in circuits]
        return [self.task.nothing, *alone, self.task.whole]


@dataclass(frozen=True)
class AreaUnder(Statistic):
    """CPR or CMD of a ranking, or by how much it is better than another's.

    Args:
        curve: The ranking's.
        area: Which.
        beyond: The other's.
    """

    curve: Curve
    area: Area
    beyond: Curve | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of both."""
        other = self.beyond.needs(scores) if self.beyond else ()
        return [*self.curve.needs(scores), *other]

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The area on any subset of the units; clusters count alike.

        Raises:
            CannotTell: when ablating everything takes nothing.
        """
        table, units = self.curve.table(scores)
        ids = list(next(iter(units.clusters.values())))
        everything = _means(table, ids, np.ones(len(ids), np.bool_))
        if not everything[-1] > everything[0]:
            raise CannotTell("ablating everything takes nothing from the answer")
        other = self.beyond.table(scores)[0] if self.beyond else None

        def statistic(chosen: npt.NDArray[np.bool_]) -> float:
            own = self._area(self.curve, _means(table, ids, chosen))
            if self.beyond is None or other is None:
                return own
            ahead = own - self._area(self.beyond, _means(other, ids, chosen))
            return ahead if self.area == "CPR" else -ahead

        notes = () if self.beyond else (_note(self.curve, everything, self.area),)
        return MeasuredStatistic(statistic, ids, (*units.notes, *notes))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of both."""
        curves = [self.curve, *([self.beyond] if self.beyond else [])]
        return sum(curve.noise(scores, floor_of) for curve in curves)

    def _area(self, curve: Curve, means: Reals) -> float:
        found = areas(curve.sizes, curve.total, curve.shares(means))
        return float(found[0 if self.area == "CPR" else 1])


def _means(table: Reals, ids: Sequence[Hashable], chosen: npt.NDArray[np.bool_]) -> Reals:
    codes = cluster_codes(i for i, c in zip(ids, chosen, strict=True) if c)
    return np.array([group_means(column, codes).mean() for column in table[chosen].T])


def _note(curve: Curve, means: Reals, area: Area) -> str:
    shares = curve.shares(means)
    linear, log = (areas(curve.sizes, curve.total, shares, log=each) for each in (False, True))
    at = ", ".join(f"{s} {f:.2f}" for s, f in zip(curve.sizes, shares, strict=True))
    return (
        f"f at sizes of {curve.total}: {at}; CPR {linear[0]:.2f}, CMD {linear[1]:.2f}; over the "
        f"logarithm of the size {log[0]:.2f} and {log[1]:.2f}; with f = 0 until all are there, "
        f"{area} is {_RANDOM[area]:.2f} where half of them is a size"
    )
