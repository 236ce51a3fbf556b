"""`--claims-write-lock`: what every test declares, written down without measuring anything."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_circuit_assert.judgements.places import Statements
from pytest_circuit_assert.rehearsal.rehearsal import Rehearsed
from pytest_circuit_assert.summary import nearest

if TYPE_CHECKING:
    from circuit_assert.lock import Lock

_WIDTH = 100


def locked(rehearsed: Rehearsed, path: Path, here: Path) -> Iterator[str]:
    """Write the lock, and say what is in it and what is not."""
    from circuit_assert.lock import write_lock

    lock = _lock_of(rehearsed)
    said = _compared(path, lock)
    write_lock(path, lock)
    yield from _folded(
        f"{_count(len(lock.entries), 'claim')} locked in {nearest(path, here)}{said}."
    )
    if rehearsed.refused:
        yield "claims not known before the test runs"
        for nodeid, reason in rehearsed.refused.items():
            yield from _folded(f"{nodeid}: {reason}", "  ")


def _lock_of(rehearsed: Rehearsed) -> Lock:
    from circuit_assert.lock import Entry, Lock, declared

    statements = Statements()
    entries = [
        Entry(nodeid, learned.polarity(claim_id, statements), declared(claim))
        for nodeid, learned in rehearsed.learned.items()
        for claim_id, claim in learned.claims.items()
    ]
    return Lock(tuple(entries), rehearsed.refused)


def _compared(path: Path, lock: Lock) -> str:
    """How a lock differs from the one that it replaces, in words."""
    from circuit_assert.lock import LockError, read_lock
    from circuit_assert.lock.file import changes

    try:
        old = read_lock(path)
    except (OSError, LockError):
        return ""
    found = [f"{count} {what}" for what, count in changes(old, lock).items() if count]
    return f": {', '.join(found) or 'as before'}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _folded(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )
