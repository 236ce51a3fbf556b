"""Which shards of a run a ledger is of: "1/4", or "1,3/4" when several were merged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.records import RunRecord

SHARD, SPLIT = "shard", "split"
"""What the options of a run's record call them."""
_WRITTEN = re.compile(r"(\d+(?:,\d+)*)/(\d+)")


@dataclass(frozen=True)
class Shards:
    """Some of the shards that a run was split into.

    Args:
        numbers: Which, counted from one.
        of: How many there are.
    """

    numbers: frozenset[int]
    of: int

    @classmethod
    def parse(cls, said: str) -> Shards:
        """What "1/4" or "1,3/4" says.

        Raises:
            ValueError: when it says nothing like it, with the nearest that it could.
        """
        found = _WRITTEN.fullmatch(said.strip())
        if found is None:
            raise ValueError(f"{said!r} is no shard")
        numbers, of = frozenset(map(int, found[1].split(","))), int(found[2])
        if of < 1:
            raise ValueError(f"{said!r} is no shard of any; 1/1 is the whole")
        if min(numbers) < 1:
            raise ValueError(f"{said!r} is no shard, the first is 1/{of}")
        if max(numbers) > of:
            raise ValueError(f"{said!r} is no shard, the last is {of}/{of}")
        return cls(numbers, of)

    def __str__(self) -> str:
        return f"{','.join(map(str, sorted(self.numbers)))}/{self.of}"

    @property
    def missing(self) -> tuple[int, ...]:
        """The others."""
        return tuple(sorted(set(range(1, self.of + 1)) - self.numbers))

    @property
    def is_part(self) -> bool:
        """Whether there are others."""
        return len(self.numbers) < self.of


def shards_of(run: RunRecord | None) -> Shards | None:
    """The shards that a run is of; None for a run that was not split.

    Raises:
        CircuitAssertError: when it says what cannot be.
    """
    said = "" if run is None else run.options.get(SHARD, "")
    if not said:
        return None
    try:
        return Shards.parse(said)
    except ValueError as problem:
        raise CircuitAssertError(f"the record of a run names its shard: {problem}.") from None


def part_of(run: RunRecord | None) -> Shards | None:
    """The same where others are missing; None for a run that is whole, merged or not."""
    found = shards_of(run)
    return found if found is not None and found.is_part else None


def named(numbers: Iterable[int], of: int) -> str:
    """Shards in words: "shard 2/4", "shards 2/4 and 3/4"."""
    each = [f"{number}/{of}" for number in sorted(numbers)]
    if len(each) == 1:
        return f"shard {each[0]}"
    return f"shards {', '.join(each[:-1])} and {each[-1]}"
