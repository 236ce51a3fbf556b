"""The lock's file: JSON with one fact per line, in an order that depends on nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from circuit_assert.errors import CircuitAssertError
from circuit_assert.lock.declared import Declared, DeclaredCriterion

_FORMAT = 1


class LockError(CircuitAssertError):
    """A lock cannot be read: it was not written by circuit-assert, or by a later version."""


@dataclass(frozen=True)
class Entry:
    """One claim of one test.

    Args:
        test: Its node id.
        polarity: Whether the test asserts or denies it; "unknown" where it does not tell.
        declared: The claim.
    """

    test: str
    polarity: str
    declared: Declared

    @property
    def key(self) -> tuple[str, str]:
        """Which entry it is: test and claim id."""
        return self.test, self.declared.claim_id


@dataclass(frozen=True)
class Lock:
    """What is locked.

    Args:
        entries: A claim of a test each.
        unknown: Tests whose claims are not known before they run: node id → why.
    """

    entries: tuple[Entry, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def by_key(self) -> dict[tuple[str, str], Entry]:
        """The entries by test and claim id."""
        return {entry.key: entry for entry in self.entries}


def lock_text(lock: Lock) -> str:
    """The file's text: the same for the same claims, whatever order they came in."""
    entries = sorted(lock.by_key.values(), key=lambda entry: entry.key)
    made = {
        "format": _FORMAT,
        "claims": [_as_dict(entry) for entry in entries],
        "unknown": dict(lock.unknown),
    }
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_lock(path: Path, lock: Lock) -> None:
    """Write the file, whole or not at all.

    Raises:
        OSError: when it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    part.write_text(lock_text(lock), encoding="utf-8")
    os.replace(part, path)


def read_lock(path: Path) -> Lock:
    """Read the file.

    Raises:
        LockError: when it is no lock.
        OSError: when it cannot be read.
    """
    return parse_lock(path.read_text(encoding="utf-8"), str(path))


def parse_lock(text: str, said: str) -> Lock:
    """The lock that a text is of.

    Args:
        text: The file's.
        said: What messages call it.

    Raises:
        LockError: when it is no lock.
    """
    try:
        made = json.loads(text)
        if made["format"] > _FORMAT:
            raise LockError(
                f"{said} has format {made['format']}, and this version reads up to {_FORMAT}: "
                "update circuit-assert, or write it anew with circuit-assert lock."
            )
        return Lock(tuple(map(_entry, made["claims"])), dict(made.get("unknown", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise LockError(
            f"{said} is no lock of claims ({problem!r}): circuit-assert lock writes one."
        ) from problem


def changes(old: Lock, new: Lock) -> dict[str, int]:
    """How many entries a new lock adds, changes and removes."""
    was, now = old.by_key, new.by_key
    return {
        "new": len(now.keys() - was.keys()),
        "changed": sum(was[key] != now[key] for key in was.keys() & now.keys()),
        "removed": len(was.keys() - now.keys()),
    }


def _as_dict(entry: Entry) -> dict[str, Any]:
    made = {name: value for name, value in asdict(entry.declared).items() if value}
    made["criteria"] = [{n: v for n, v in each.items() if v} for each in made.get("criteria", ())]
    # order is part of what a claim says: the first argument is its subject
    made["arguments"] = [f"{name}={value}" for name, value in entry.declared.arguments.items()]
    return {"test": entry.test, "polarity": entry.polarity, **made}


def _entry(made: Mapping[str, Any]) -> Entry:
    return Entry(
        test=made["test"],
        polarity=made["polarity"],
        declared=Declared(
            claim_id=made["claim_id"],
            sentence=made["sentence"],
            claim_type=made["claim_type"],
            model=made["model"],
            arguments=dict(each.split("=", 1) for each in made["arguments"]),
            false_pass_rate=made["false_pass_rate"],
            criteria=tuple(map(_criterion, made.get("criteria", ()))),
            members=made.get("members", ""),
        ),
    )


def _criterion(made: Mapping[str, Any]) -> DeclaredCriterion:
    return DeclaredCriterion(
        name=made["name"],
        role=made["role"],
        expected=made.get("expected", ""),
        region=made.get("region", ""),
        prompts=tuple(made.get("prompts", ())),
        interventions=tuple(made.get("interventions", ())),
    )
