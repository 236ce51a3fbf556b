"""Where runs are kept, found and saved under a name: the folder `.claims`."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.files import Ledger, read, runs_of
from circuit_assert.ledger.records import RunRecord, from_dict
from circuit_assert.ledger.scores import folder_of
from circuit_assert.ledger.shards import Shards, part_of

_NAME = re.compile(r"[^\W_][\w.-]{0,99}")


def saved_in(folder: Path) -> dict[str, Path]:
    """Name → the file of each run that was saved, beside the folder of runs or in it.

    Args:
        folder: `.claims`, or the folder of runs.
    """
    return {path.parent.name: path for path in sorted(_saves(folder).glob("*/*.jsonl"))}


def previous_run(folder: Path, ledger: Path) -> Path | None:
    """The last run before another one that judged a claim; None without one.

    One that is a part of a run (a shard) counts only for the same part.
    """
    earlier = [path for path in runs_of(folder) if path.name < ledger.name]
    part = _part(ledger)
    return next(
        (
            path
            for path in reversed(earlier)
            if b'"record": "claim"' in _head(path) and _part(path) in ("", part)
        ),
        None,
    )


def _part(ledger: Path) -> str:
    """Which part of a run it is: "1/4"; empty for a whole one, and where it cannot be told."""
    with ledger.open("rb") as file:
        first = file.readline()
    try:
        run = from_dict(json.loads(first))
        part = part_of(run) if isinstance(run, RunRecord) else None
    except (ValueError, TypeError, AttributeError, CircuitAssertError):
        return ""
    return "" if part is None else str(part)


def history_of(folder: Path) -> Iterator[Ledger]:
    """The runs of a folder, one at a time, the latest first; files that are no ledgers left out."""
    for path in reversed(runs_of(folder)):
        try:
            yield read(path)
        except CircuitAssertError:
            continue


def find_run(name: str, folder: Path) -> Path:
    """The file of a run.

    Args:
        name: "last", "previous", the name of a saved run or of a run, or a path.
        folder: `.claims`.

    Raises:
        CircuitAssertError: when there is none, naming those that are nearest.
    """
    given, runs, saved = Path(name), runs_of(folder), saved_in(folder)
    if name in ("last", "previous"):
        place = 1 if name == "last" else 2
        if len(runs) < place:
            raise CircuitAssertError(
                f"{folder} has {len(runs)} run{'' if len(runs) == 1 else 's'}, so none is the "
                f"{name} one: run pytest on claims first, or give a path."
            )
        return runs[-place]
    if name in saved:
        return saved[name]
    by_name = {path.stem: path for path in runs}
    if name in by_name:
        return by_name[name]
    if given.is_file():
        return given
    raise CircuitAssertError(_nothing_like(name, folder, [*saved, *by_name]))


def check_name(name: str) -> str:
    """The name under which a run may be saved.

    Raises:
        ValueError: when it cannot be that of a folder everywhere, or means something else.
    """
    if name in ("last", "previous"):
        raise ValueError(f"{name!r} means a run already")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name: letters, digits, dots, dashes; not last or previous"
        )
    return name


def name_of_shard(name: str, shard: Shards | None) -> str:
    """The name under which a shard is saved: shards of one run are beside each other.

    Args:
        name: The run's.
        shard: Which; None for a run that is not split.
    """
    return name if shard is None else f"{name}.shard-{str(shard).replace('/', '-of-')}"


def save_run(ledger: Path, folder: Path, name: str) -> Path:
    """Keep a run under a name, with its scores; an earlier one of this name is replaced.

    Args:
        ledger: The run's file.
        folder: The folder of runs.
        name: See `check_name`.

    Returns:
        The copy.

    Raises:
        OSError: when it could not be kept; an earlier one is then as it was.
    """
    saves = _saves(folder)
    made, old = saves / f".{name}.part", saves / f".{name}.old"
    for left in (made, old):
        shutil.rmtree(left, ignore_errors=True)
    made.mkdir(parents=True)
    copy = made / f"{name}.jsonl"
    shutil.copyfile(ledger, copy)
    if folder_of(ledger).is_dir():
        shutil.copytree(folder_of(ledger), folder_of(copy))
    kept = saves / name
    if kept.exists():
        os.replace(kept, old)
    os.replace(made, kept)
    shutil.rmtree(old, ignore_errors=True)
    return kept / copy.name


def _saves(folder: Path) -> Path:
    """`saved`, in `.claims` and beside `runs`; in any other folder of runs, in it."""
    if (folder / "runs").is_dir() or folder.name == ".claims":
        return folder / "saved"
    return folder.parent / "saved" if folder.name == "runs" else folder / "saved"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 20)


def _nothing_like(name: str, folder: Path, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 3, 0.4) or known[-3:]
    there = f"there are {', '.join(near)}" if near else "no run is kept there"
    return (
        f"{name!r} is no file, no saved run and no run of {folder}: {there}. A run is saved with "
        "--claims-save=NAME; last is the latest."
    )
