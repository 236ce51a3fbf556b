"""Pass rates: the share of assertions that hold, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from circuit_assert.reporting.html.entries import Tested

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rate:
    """How many assertions of a group hold.

    Args:
        name: The group.
        held: How many hold.
        total: Of how many that can be told.
        missing: How many were not run besides.
    """

    name: str
    held: int
    total: int
    missing: int = 0

    @property
    def share(self) -> float | None:
        """Of those that can be told; None of none."""
        return self.held / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval for the share, at 95 %."""
        return wilson(self.held, self.total)


@lru_cache(maxsize=4096)
def wilson(held: int, total: int) -> tuple[float, float]:
    """Wilson's interval for `held` of `total`, at 95 %; everything when there are none."""
    if not total:
        return 0.0, 1.0
    from scipy.stats import binomtest

    found = binomtest(held, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def rate(name: str, tests: Sequence[Tested]) -> Rate:
    """The rate of one group."""
    ran = [test for test in tests if not test.missing and test.held is not None]
    missing = sum(bool(test.missing) for test in tests)
    return Rate(name, sum(test.held is True for test in ran), len(ran), missing)


def rates(tests: Iterable[tuple[str, Tested]]) -> list[Rate]:
    """A rate for each group, in the order of their first tests.

    Args:
        tests: (group, test).
    """
    groups: dict[str, list[Tested]] = {}
    for name, test in tests:
        groups.setdefault(name, []).append(test)
    return [rate(name, members) for name, members in groups.items()]
