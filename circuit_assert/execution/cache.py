"""Scores on disk: what was measured before, of the same model by the same code, is read back."""

from __future__ import annotations

import os
import tempfile
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.measurements.base import Array

Remembered: TypeAlias = "Array | str"
_MOST_BYTES = 1 << 30
_told: set[Path] = set()  # folders that cannot be written, of which this process has said so
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Scores kept by circuit-assert.\n"


class ScoreCache:
    """A folder of arrays, one file for each hash; whole files appear at once or not at all.

    Several processes may use it. What cannot be read counts as absent; what cannot be written is
    said once, however many caches are made of the folder, and then left.

    Args:
        folder: Made when something is first kept.
        most: Bytes it may take; what was used longest ago goes first.
    """

    def __init__(self, folder: Path, *, most: int = _MOST_BYTES) -> None:
        self._folder, self._most = folder, most
        self._writable = True

    def get(self, key: str) -> Remembered | None:
        """What was kept: scores, or the reason why there are none."""
        path = self._path(key)
        try:
            with np.load(path, allow_pickle=False) as file:
                kept: Array = file["scores"]
            os.utime(path)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None
        return str(kept) if kept.dtype.kind == "U" else kept

    def put(self, key: str, what: Remembered | npt.NDArray[np.uint8]) -> None:
        """Keep scores, or the reason why there are none; or bytes, as numbers."""
        if not self._writable:
            return
        try:
            self._write(self._path(key), np.asarray(what))
        except OSError as problem:
            self._writable = False
            self._tell(problem)

    def _tell(self, problem: OSError) -> None:
        folder = self._folder.absolute()
        if folder in _told:
            return
        _told.add(folder)
        warnings.warn(
            f"scores are not kept in {self._folder}: {problem}. The run goes on without.",
            stacklevel=3,
        )

    def tidy(self) -> None:
        """Remove what was used longest ago, until the rest fits."""
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("??/*.npz"):
            with suppress(OSError):  # another process may have removed it
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most:
                return
            with suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.npz"

    def _write(self, path: Path, array: Array) -> None:
        self._mark()
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(scratch, "wb") as file:
                np.savez(file, scores=array)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _mark(self) -> None:
        """Tell version control and back-ups that the folder can be made again."""
        if not self._folder.exists():
            self._folder.mkdir(parents=True, exist_ok=True)  # another process may be as far
            (self._folder / ".gitignore").write_text("*\n")
            (self._folder / "CACHEDIR.TAG").write_text(_TAG)
