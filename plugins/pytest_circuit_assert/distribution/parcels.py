"""Which tests stay together: those of one model, cut in pieces only where that ends the run sooner.

Tests of one model share its loading and their runs; what is cut loses some of that. A parcel goes
to one process, which measures for all of it at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeAlias

from pytest_circuit_assert.distribution.census import Census, TestNeeds

WORTH_WHILE, LEAST_GAIN = 0.9, 5.0
"""A cut has to bring the end of the run to this share of what it was, and by as many seconds."""
OTHER_SECONDS = 0.1
"""Of a test that is about no model."""
_CHUNKS = 4


@dataclass(frozen=True)
class Parcel:
    """Tests for one process.

    Args:
        tests: Their places in the collection, in order.
        model: Number of their model in the census; None for tests of no claims.
        seconds: How long they take, about.
        together: Whether their claims are measured before the first of them.
    """

    tests: tuple[int, ...]
    model: int | None = None
    seconds: float = 0.0
    together: bool = True


_Made: TypeAlias = dict[int, list[Parcel]]
"""The parcels of each model, by its number."""


def parcels(census: Census, processes: int) -> list[Parcel]:
    """All tests, each once; what takes longest comes first, and tests of no claims last.

    Args:
        census: Of the tests.
        processes: How many will share them out.
    """
    whole = {model: [_parcel(census, model, t)] for model, t in _by_model(census).items()}
    best = min(_ways(census, whole, processes), key=lambda made: _end(made, processes))
    was, now = (_end(made, processes) for made in (whole, best))
    pays = now < WORTH_WHILE * was and was - now > LEAST_GAIN
    return [*_all_of(best if pays else whole), *_others(census, processes)]


def _ways(census: Census, whole: _Made, processes: int) -> list[_Made]:
    """Ways to cut: into ever shorter pieces, as far as each process can have one of a model."""
    total = sum(parcel.seconds for (parcel,) in whole.values())
    cuts: dict[tuple[int, ...], None] = {}
    for shares in range(1, 2 * processes + 1):
        pieces = (ceil(shares * parcel.seconds / (total or 1.0)) for (parcel,) in whole.values())
        cuts[tuple(max(1, min(processes, each)) for each in pieces)] = None
    return [
        {
            model: _cut(census, parcel, pieces)
            for (model, (parcel,)), pieces in zip(whole.items(), each, strict=True)
        }
        for each in cuts
    ]


def dealt(made: Sequence[Parcel], processes: int) -> list[list[Parcel]]:
    """Parcels shared out: each in turn to whoever is done first, the longest before the others.

    Args:
        made: In the order of `parcels`.
        processes: How many.

    Returns:
        One list for each process; some are empty where there are fewer parcels.
    """
    hands: list[list[Parcel]] = [[] for _ in range(processes)]
    ends = [(0.0, number) for number in range(processes)]
    for parcel in made:
        end, number = heapq.heappop(ends)
        hands[number].append(parcel)
        heapq.heappush(ends, (end + parcel.seconds, number))
    return hands


def smaller(census: Census, parcel: Parcel, pieces: int) -> list[Parcel]:
    """The same tests in so many smaller parcels, or one by one where there are too few for that.

    Args:
        census: Of the tests.
        parcel: What was too much for a process.
        pieces: How many.
    """
    tests = parcel.tests
    if len(tests) <= pieces:
        return [Parcel((test,), parcel.model, together=False) for test in tests]
    size = -(-len(tests) // pieces)
    cut = (tests[start : start + size] for start in range(0, len(tests), size))
    return [_parcel(census, parcel.model, piece) for piece in cut]


def rest_of(census: Census, parcel: Parcel, tests: Sequence[int]) -> Parcel:
    """Some tests of a parcel, which are measured for as they were to be.

    Args:
        census: Of the tests.
        parcel: Of which they are a part.
        tests: Those that are left.
    """
    if parcel.model is None or not parcel.together:
        return replace(parcel, tests=tuple(tests))
    return _parcel(census, parcel.model, tests)


def in_order(made: Iterable[Parcel]) -> list[Parcel]:
    """What takes longest first, tests of no claims last."""
    return sorted(made, key=_order)


def _by_model(census: Census) -> dict[int, tuple[int, ...]]:
    """The tests of each model; one of several models goes with that which loads longest."""
    found: dict[int, list[int]] = {}
    for number, test in enumerate(census.tests):
        if test.models:
            main = max(test.models, key=lambda model: (census.models[model].loading, -model))
            found.setdefault(main, []).append(number)
    return {model: tuple(tests) for model, tests in found.items()}


def _parcel(census: Census, model: int | None, tests: Sequence[int]) -> Parcel:
    needs = [census.tests[test] for test in tests]
    loaded = {each for test in needs if test.runs for each in test.models}  # others do not run
    runs = {run for test in needs for run in test.runs}
    seconds = sum(census.models[each].loading for each in loaded)
    seconds += sum(census.runs[run] for run in runs)
    return Parcel(tuple(sorted(tests)), model, seconds)


def _cut(census: Census, parcel: Parcel, pieces: int) -> list[Parcel]:
    """Cut so that tests with the same longest run stay together, in pieces of about equal cost."""
    if pieces == 1:
        return [parcel]
    order = sorted(parcel.tests, key=lambda test: (_longest_run(census, census.tests[test]), test))
    costs = _costs_in_order(census, order)
    each = sum(costs) / pieces
    cut: list[list[int]] = [[]]
    spent = 0.0
    for test, cost in zip(order, costs, strict=True):
        if cut[-1] and len(cut) < pieces and spent + cost / 2 > each * len(cut):
            cut.append([])
        cut[-1].append(test)
        spent += cost
    return [_parcel(census, parcel.model, piece) for piece in cut]


def _longest_run(census: Census, test: TestNeeds) -> int:
    return max(test.runs, key=lambda run: (census.runs[run], -run), default=-1)


def _costs_in_order(census: Census, order: Sequence[int]) -> list[float]:
    """What each test adds to those before it."""
    known: set[int] = set()
    costs: list[float] = []
    for test in order:
        new = set(census.tests[test].runs) - known
        known |= new
        costs.append(OTHER_SECONDS + sum(census.runs[run] for run in new))
    return costs


def _end(made: _Made, processes: int) -> float:
    """When the last process is done."""
    return max(sum(p.seconds for p in hand) for hand in dealt(_all_of(made), processes))


def _all_of(made: _Made) -> list[Parcel]:
    return in_order(parcel for each in made.values() for parcel in each)


def _others(census: Census, processes: int) -> list[Parcel]:
    """Tests of no claims, a few chunks for each process."""
    tests = [number for number, test in enumerate(census.tests) if not test.models]
    size = max(1, len(tests) // (_CHUNKS * processes))
    chunks = (tuple(tests[start : start + size]) for start in range(0, len(tests), size))
    return [Parcel(chunk, seconds=OTHER_SECONDS * len(chunk)) for chunk in chunks]


def _order(parcel: Parcel) -> tuple[bool, float, int]:
    return parcel.model is None, -parcel.seconds, parcel.tests[0]
