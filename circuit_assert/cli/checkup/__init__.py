"""What `circuit-assert doctor` looks at: versions, devices, caches, and which tests would run."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

State: TypeAlias = Literal["fine", "note", "broken"]


class Check(NamedTuple):
    """One thing that was looked at.

    Args:
        state: "fine"; "note" for what limits a run; "broken" for what stops one.
        said: What was found, and a way on.
    """

    state: State
    said: str


MARKS: dict[State, str] = {"fine": "✓", "note": "–", "broken": "✗"}
