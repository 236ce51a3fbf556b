"""The records of a run, kept in little room: as the lines that are written, not as objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload


class KeptRecords(Sequence[dict[str, Any]]):
    """Records as dictionaries, each made anew when it is asked for.

    A record holds some hundred texts and numbers, which as objects take several times as much as
    its line; a run may have tens of thousands.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._by_test: dict[str, list[int]] = {}

    def append(self, made: dict[str, Any]) -> None:
        """Keep one."""
        nodeid = made.get("nodeid")
        if nodeid is not None:
            self._by_test.setdefault(nodeid, []).append(len(self._lines))
        self._lines.append(json.dumps(made, ensure_ascii=False).encode())

    def of_test(self, nodeid: str) -> list[dict[str, Any]]:
        """Those of one test, in the order in which they came.

        Args:
            nodeid: The test's.
        """
        return [self[place] for place in self._by_test.get(nodeid, ())]

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(json.loads, self._lines)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [json.loads(line) for line in self._lines[place]]
        return json.loads(self._lines[place])
