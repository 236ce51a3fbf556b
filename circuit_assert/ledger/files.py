"""A run's file: written line by line as things happen, and read back."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.records import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ModelRecord,
    NotRunRecord,
    Record,
    RunRecord,
    as_dict,
    from_dict,
)

_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Ledger:
    """One run, read back.

    Args:
        path: The file.
        run: Its first line; None when not even that was written whole.
        models: Those that were judged, each before the first claim about it.
        claims: In the order of judgement.
        assertions: In the order in which tests ended.
        not_run: Tests that could not run.
        end: None for a run that was killed.
        truncated: Whether the last line was cut off.
    """

    path: Path
    run: RunRecord | None
    models: tuple[ModelRecord, ...]
    claims: tuple[ClaimRecord, ...]
    assertions: tuple[AssertionRecord, ...]
    not_run: tuple[NotRunRecord, ...]
    end: EndRecord | None
    truncated: bool = False

    @classmethod
    def of(cls, path: Path, records: Iterable[Record], *, truncated: bool = False) -> Ledger:
        """The run that these lines are of."""
        kept = list(records)

        def every(kind: type[_Any]) -> tuple[_Any, ...]:
            return tuple(record for record in kept if isinstance(record, kind))

        return cls(
            path=path,
            run=next(iter(every(RunRecord)), None),
            models=every(ModelRecord),
            claims=every(ClaimRecord),
            assertions=every(AssertionRecord),
            not_run=every(NotRunRecord),
            end=next(iter(every(EndRecord)), None),
            truncated=truncated,
        )

    @property
    def name(self) -> str:
        """How it is called: its file's name without the ending."""
        return self.path.stem


class LedgerFile:
    """A run's file, made anew: one `write` for each record, so that a killed run leaves lines.

    Args:
        folder: Where runs are kept; made when it is missing.
        started: When the run started.

    Raises:
        OSError: when the folder or the file cannot be made.
    """

    def __init__(self, folder: Path, started: datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{started:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self.path, flags, 0o644)

    def append(self, record: Record) -> None:
        """Write one line.

        Raises:
            OSError: when it could not be written whole.
        """
        line = json.dumps(as_dict(record), ensure_ascii=False, allow_nan=False).encode() + b"\n"
        if os.write(self._descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read(path: Path) -> Ledger:
    """Read one run; a last line that was cut off is left out.

    Raises:
        CircuitAssertError: when another line is not a record, naming the line.
        OSError: when the file cannot be read.
    """
    records: list[Record] = []
    truncated = False
    with path.open("rb") as file:  # line by line: a long run's file is larger than its records
        for number, line in enumerate(file, start=1):
            if line == b"\n":
                continue
            try:
                record = from_dict(json.loads(line))
            except (ValueError, TypeError, AttributeError) as problem:
                if not line.endswith(b"\n"):
                    truncated = True
                    continue
                raise CircuitAssertError(
                    f"{path}, line {number} is no record of a ledger ({problem}): ledgers are only "
                    "ever appended to. Restore the file, or remove it."
                ) from problem
            if record is not None:
                records.append(record)
    return Ledger.of(path, records, truncated=truncated)


def read_folder(folder: Path) -> list[Ledger]:
    """Every run in a folder, the earliest first.

    Args:
        folder: That of the runs, or the one that holds it as "runs".

    Raises:
        CircuitAssertError: when there is no such folder, or a file in it is no ledger.
    """
    return [read(path) for path in ledgers_in(folder)]


def ledgers_in(folder: Path) -> list[Path]:
    """The files of every run in a folder, the earliest first.

    Args:
        folder: That of the runs, or the one that holds it as "runs".

    Raises:
        CircuitAssertError: when there is no such folder.
    """
    if not folder.is_dir():
        raise CircuitAssertError(
            f"{folder} is no folder with ledgers: a run of claims keeps its own in .claims/runs, "
            "or where --claims-ledger says."
        )
    return runs_of(folder)


def runs_of(folder: Path) -> list[Path]:
    """The same; none where there is no such folder.

    Args:
        folder: That of the runs, or the one that holds it as "runs".
    """
    inner = folder / "runs"
    return sorted((inner if inner.is_dir() else folder).glob("*.jsonl"))
