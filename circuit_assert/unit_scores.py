"""What was measured on each unit of a prompt set: what intervals, figures and examples are of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXTREMES = 3  # units at either end whose prompts are shown


class Example(NamedTuple):
    """One unit, as a reader sees it.

    Args:
        unit: Its number in the prompt set.
        value: What was measured on it.
        text: How its prompt reads; empty when that is not known.
    """

    unit: int
    value: float
    text: str


@dataclass(frozen=True)
class UnitScores:
    """The values behind a finding.

    Args:
        values: `[unit]`, in the finding's unit; None where there is none.
        units: Their numbers in the prompt set.
        clusters: Cluster name → one id per unit.
        prompts: The prompt set's name; empty when it is not known.
        texts: How the prompts of the units with the lowest and the highest values read, by number.
    """

    values: tuple[float | None, ...]
    units: tuple[int, ...]
    clusters: dict[str, tuple[str, ...]]
    prompts: str = ""
    texts: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def of(cls, record: dict[str, Any] | None) -> UnitScores | None:
        """The same from what JSON made of it; None from None."""
        if record is None:
            return None
        return cls(
            tuple(record["values"]),
            tuple(record["units"]),
            {name: tuple(ids) for name, ids in record["clusters"].items()},
            record["prompts"],
            {int(unit): text for unit, text in record["texts"].items()},
        )

    @property
    def cluster_means(self) -> dict[str, dict[str, float]]:
        """Cluster name → id → the mean of its units, in the order of the units."""
        return {name: _means(ids, self.values) for name, ids in self.clusters.items()}

    @property
    def lowest(self) -> list[Example]:
        """The units with the lowest values, the very lowest first."""
        return self._examples(self._ranked())

    @property
    def highest(self) -> list[Example]:
        """The units with the highest values, the very highest first."""
        return self._examples(reversed(self._ranked()))

    @property
    def extremes(self) -> list[int]:
        """Which units a reader may be shown, by number."""
        return [each.unit for each in dict.fromkeys((*self.lowest, *self.highest))]

    def _ranked(self) -> list[tuple[float, int]]:
        known = zip(self.values, self.units, strict=True)
        return sorted((value, unit) for value, unit in known if value is not None)

    def _examples(self, ranked: Iterable[tuple[float, int]]) -> list[Example]:
        few = list(ranked)[:EXTREMES]
        return [Example(unit, value, self.texts.get(unit, "")) for value, unit in few]


def _means(ids: Iterable[str], values: Iterable[float | None]) -> dict[str, float]:
    members: dict[str, list[float]] = {}
    for name, value in zip(ids, values, strict=True):
        if value is not None:
            members.setdefault(name, []).append(value)
    return {name: math.fsum(many) / len(many) for name, many in members.items()}
