"""When each entry of a lock came to be as it is, by version control, or else by the file's time."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from circuit_assert.lock.file import Entry, Lock, LockError, parse_lock

Key = tuple[str, str]


@dataclass(frozen=True)
class Times:
    """When entries were locked.

    Args:
        of: Test and claim id → when its entry became what it is: UTC, ISO 8601.
        uncommitted: The entries that differ from the last commit, or of which there is none.
        note: Why no time is known; empty when times are.
    """

    of: dict[Key, str] = field(default_factory=dict[Key, str])
    uncommitted: frozenset[Key] = frozenset()
    note: str = ""


def times_of(path: Path, lock: Lock) -> Times:
    """When the entries of a lock came to be as they are.

    In a repository an entry counts from the commit since which it has been the same; what is not
    committed, and anything outside of a repository, from when the file was last written.

    Args:
        path: The lock's file.
        lock: What it holds now.
    """
    commits = _git(path, "log", "--reverse", "--format=%H %cI", "--", path.name)
    if not commits:
        return Times({key: _written(path) for key in lock.by_key}, frozenset(lock.by_key))
    if _git(path, "rev-parse", "--is-shallow-repository") == "true":
        return Times(note="the clone is shallow: fetch its history to see when it was locked")
    since: dict[Key, tuple[Entry, str]] = {}
    for line in commits.splitlines():
        commit, when = line.split(" ", 1)
        entries = _at(path, commit).by_key
        since = {
            key: (entry, since[key][1] if key in since and since[key][0] == entry else _utc(when))
            for key, entry in entries.items()
        }
    committed = {key for key, entry in lock.by_key.items() if since.get(key, (None,))[0] == entry}
    return Times(
        {key: since[key][1] if key in committed else _written(path) for key in lock.by_key},
        frozenset(lock.by_key.keys() - committed),
    )


def _at(path: Path, commit: str) -> Lock:
    """The lock in a commit; empty where it was no lock, or was removed."""
    text = _git(path, "show", f"{commit}:./{path.name}")
    try:
        return parse_lock(text or "", path.name)
    except LockError:
        return Lock()


def _written(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")


def _utc(when: str) -> str:
    return datetime.fromisoformat(when).astimezone(UTC).isoformat(timespec="milliseconds")


def _git(path: Path, *arguments: str) -> str | None:
    """What git says in the file's folder; None when there is no git or no repository."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            ["git", "-C", str(path.parent.resolve()), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
