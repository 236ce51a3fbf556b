"""All that is asked of hypothesis: draw by a seed, draw the same again and shrink what fails."""

from __future__ import annotations

import random
import unittest
from collections.abc import Callable, Iterable

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy

from circuit_assert.counterexamples.drawn import Drawn

_MOST_KEPT = 20
_TOLERATED = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.nested_given,
)


class _Fails(Exception):  # noqa: N818 - tells hypothesis that a unit is what is looked for
    """The unit fails."""


class _OwnPart(ExampleDatabase):
    """The part of an example database that belongs to one search.

    Hypothesis names its entries by the test function's source, which is the same for every search
    here. Only the smallest failing unit is kept: what it was shrunk from and what only targets use
    would each cost a run the next time.

    Args:
        whole: The database.
        key: Names the search.
    """

    def __init__(self, whole: ExampleDatabase, key: bytes) -> None:
        super().__init__()
        self._whole, self._key = whole, key

    def fetch(self, key: bytes) -> Iterable[bytes]:
        return () if _aside(key) else self._whole.fetch(self._key)

    def save(self, key: bytes, value: bytes) -> None:
        if not _aside(key):
            self._whole.save(self._key, value)

    def delete(self, key: bytes, value: bytes) -> None:
        if not _aside(key):
            self._whole.delete(self._key, value)


class Generation:
    """One strategy with one seed: what it draws, and the smallest of it that fails.

    Args:
        strategy: What to draw.
        seed: The same seed draws the same.
        examples: How many to draw at most.
        database: Where failing units are kept; None for that of hypothesis' profile.
    """

    def __init__(
        self,
        strategy: SearchStrategy[Drawn],
        *,
        seed: int,
        examples: int,
        database: ExampleDatabase | None,
    ) -> None:
        self._strategy, self._seed, self._examples = strategy, seed, examples
        self._database = database or settings().database or InMemoryExampleDatabase()

    def drawn(self) -> list[Drawn]:
        """What is drawn as long as nothing fails, each once."""
        units: dict[Drawn, None] = {}

        def collect(unit: Drawn) -> None:
            units[unit] = None

        self._run(collect, InMemoryExampleDatabase(), [Phase.generate], self._examples)
        return list(units)

    def kept(self, fails: Callable[[Drawn], bool], key: bytes) -> Drawn | None:
        """The smallest failing unit that an earlier search kept; None when all pass by now."""
        return self._smallest(fails, key, [Phase.reuse, Phase.shrink], _MOST_KEPT)

    def smallest(self, fails: Callable[[Drawn], bool], key: bytes) -> Drawn | None:
        """What the first failing unit of `drawn` shrinks to; it is kept."""
        return self._smallest(fails, key, [Phase.generate, Phase.shrink], self._examples)

    def _smallest(
        self, fails: Callable[[Drawn], bool], key: bytes, phases: list[Phase], examples: int
    ) -> Drawn | None:
        failed: list[Drawn] = []

        def look(unit: Drawn) -> None:
            if fails(unit):
                failed[:] = [unit]
                raise _Fails

        try:
            self._run(look, _OwnPart(self._database, key), phases, examples)
        except _Fails:
            return failed[0]
        except (Unsatisfiable, unittest.SkipTest):  # nothing, or nothing that still fits, was kept
            return None
        return None

    def _run(
        self,
        test: Callable[[Drawn], None],
        database: ExampleDatabase,
        phases: list[Phase],
        examples: int,
    ) -> None:
        seeded = hypothesis.seed(random.Random(self._seed).getrandbits(64))  # noqa: S311
        options = settings(
            max_examples=examples,
            phases=phases,
            database=database,
            derandomize=False,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=_TOLERATED,
        )
        options(seeded(given(self._strategy)(test)))()  # a seed drops the database set before it


def new_seed() -> int:
    """Any seed; 0 where hypothesis' profile is derandomized, as it is on CI."""
    return 0 if settings().derandomize else random.SystemRandom().getrandbits(32)


def _aside(key: bytes) -> bool:
    return key.endswith((b".secondary", b".pareto"))
