"""The folders that things are kept in: where, how large, whether they can be written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from circuit_assert.cli.checkup import Check
from circuit_assert.cli.disk import gigabytes, nearest_there, size_of

_LITTLE = 1_000_000_000  # bytes; ledgers and scores of large runs take less


def caches_checked(here: Path) -> Iterator[Check]:
    """A check for each folder.

    Args:
        here: Where tests are run from: ledgers and scores are kept in its `.claims`.
    """
    from circuit_assert.models.cache_folder import VARIABLE, cache_root

    yield _folder("models", cache_root(), f"set {VARIABLE} to another folder")
    yield _hub()
    cache, ledger = "--claims-cache=DIR gives another", "--claims-ledger=DIR gives another"
    yield _folder("scores", here / ".claims" / "cache", cache)
    yield _folder("ledgers", here / ".claims" / "runs", ledger)


def _hub() -> Check:
    from huggingface_hub import constants

    check = _folder("hub", Path(constants.HF_HUB_CACHE), "set HF_HOME to another folder")
    said = f"{check.said}; HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else check.said
    offline = constants.HF_HUB_OFFLINE or check.state != "fine"
    return Check("note" if offline else "fine", said)


def _folder(what: str, folder: Path, way_on: str) -> Check:
    there = nearest_there(folder)
    free = shutil.disk_usage(there).free
    size = gigabytes(size_of(folder)) if folder.is_dir() else "not there yet"
    said = f"{what}: {folder}, {size}, {gigabytes(free)} free"
    problem = unwritable(there)
    if problem:
        return Check("broken", f"{said}; cannot be written ({problem}): {way_on}")
    if free < _LITTLE:
        return Check("note", f"{said}; that is little: {way_on}")
    return Check("fine", said)


def unwritable(folder: Path) -> str:
    """Why no file can be written in a folder; empty when one can. None is left behind."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as problem:
        return str(problem)
    return ""
