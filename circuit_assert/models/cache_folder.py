"""Folders that take long to build, kept in the user's cache: whole or not at all.

A folder is built in a scratch folder beside its final place, flushed, sealed with a manifest, and
only then renamed: a crash or a full disk leaves a scratch folder, which the next attempt removes.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from circuit_assert.errors import ModelFetchError
from circuit_assert.models import manifest
from circuit_assert.models.progress import Tell, stages

VARIABLE = "CIRCUIT_ASSERT_CACHE"
FULL = (errno.ENOSPC, errno.EDQUOT)
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR)

Build = Callable[[Path, Tell], Path]
"""Is given an empty scratch folder; returns the finished folder inside it."""


def cache_root() -> Path:
    """Return where everything is kept: `$CIRCUIT_ASSERT_CACHE`, or the user's cache folder."""
    import platformdirs

    stated = os.environ.get(VARIABLE)
    return Path(stated).expanduser() if stated else platformdirs.user_cache_path("circuit-assert")


def kept(folder: Path, build: Build, *, title: str, needs: int) -> Path:
    """Return `folder`, building it if it is absent or damaged; one process builds, others wait.

    Args:
        folder: Where it is kept, in the cache.
        build: Builds it.
        title: What progress messages and errors call it.
        needs: Bytes of disk that building it takes at most.

    Raises:
        ModelFetchError: when the disk is full or the cache cannot be written.
    """
    if not manifest.problems(folder):
        return folder
    with stages(title) as tell, _explained(folder, title, needs), _locked(folder, tell):
        if not manifest.problems(folder):
            return folder  # another process has built it while we waited
        _say_if_damaged(folder, tell)
        _sweep(folder)
        _require_space(folder, title, needs)
        return _built(folder, build, tell)


def _built(folder: Path, build: Build, tell: Tell) -> Path:
    scratch = Path(tempfile.mkdtemp(prefix=_scratch_prefix(folder), dir=folder.parent))
    try:
        finished = build(scratch, tell)
        manifest.seal(finished)
        _put_in_place(finished, folder, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _put_in_place(finished: Path, folder: Path, scratch: Path) -> None:
    if folder.exists():  # damaged: a folder cannot be renamed over another
        folder.rename(scratch / "damaged")
    finished.rename(folder)
    manifest.flush(folder.parent)


@contextmanager
def _locked(folder: Path, tell: Tell) -> Generator[None]:
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f".{folder.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("another process is preparing it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _say_if_damaged(folder: Path, tell: Tell) -> None:
    if folder.exists():
        tell(f"the cached copy is damaged ({manifest.problems(folder)[0]}); preparing it again")


def _sweep(folder: Path) -> None:
    """Remove what killed processes left behind; we hold the lock, so nobody is using it."""
    for scratch in folder.parent.glob(f"{_scratch_prefix(folder)}*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_prefix(folder: Path) -> str:
    return f".{folder.name}.building-"


def _require_space(folder: Path, title: str, needs: int) -> None:
    if shutil.disk_usage(folder.parent).free < needs:
        raise ModelFetchError(_too_small(folder, title, needs))


@contextmanager
def _explained(folder: Path, title: str, needs: int) -> Generator[None]:
    try:
        yield
    except Exception as error:
        if _tells_of_full_disk(error):
            raise ModelFetchError(
                f"The disk filled up while {title} was prepared; nothing was kept. "
                f"{_too_small(folder, title, needs)}"
            ) from error
        if getattr(error, "errno", None) in UNWRITABLE:
            raise ModelFetchError(
                f"{title} is not in the cache yet and {folder.parent} cannot be written "
                f"({error}). Set {VARIABLE} to a folder that can."
            ) from error
        raise


def _tells_of_full_disk(error: Exception) -> bool:
    """Whether it is ENOSPC or EDQUOT, or quotes one: safetensors raises an error of its own."""
    return getattr(error, "errno", None) in FULL or any(os.strerror(n) in str(error) for n in FULL)


def _too_small(folder: Path, title: str, needs: int) -> str:
    free = shutil.disk_usage(next(path for path in folder.parents if path.exists())).free
    return (
        f"{title} needs {needs / 1e9:.1f} GB of disk while it is prepared, and {folder.parent} has "
        f"{free / 1e9:.1f} GB free. Free some, or set {VARIABLE} to a folder on a larger disk."
    )
