"""The manifest that makes a cached folder complete: every file, its size, and its checksum."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from circuit_assert.models import weights

NAME = "complete.json"


def seal(folder: Path) -> None:
    """Flush every file of `folder` to the disk and write the manifest, the last file of all."""
    files = {path.name: _entry(path) for path in sorted(folder.iterdir())}
    manifest = folder / NAME
    manifest.write_text(json.dumps({"files": files}, indent=2) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes 0600, and a cache may be shared
        flush(path)
    flush(folder)


def problems(folder: Path, *, thorough: bool = False) -> list[str]:
    """Say what is wrong with a sealed folder; nothing, if it can be used.

    Args:
        folder: The folder that `seal` was called on.
        thorough: Read every byte and compare checksums, instead of sizes and headers.
    """
    try:
        stated: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, LookupError, TypeError):
        return [f"it has no readable {NAME}"]
    found = (_problem(folder / name, entry, thorough) for name, entry in stated.items())
    return [problem for problem in found if problem]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have the system write a file, or a folder's list of files, to the disk now."""
    if path.is_dir() and os.name != "posix":
        return  # only POSIX can flush a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entry(path: Path) -> dict[str, str | int]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _problem(path: Path, stated: dict[str, Any], thorough: bool) -> str | None:
    if not path.is_file():
        return f"{path.name} is missing"
    if path.stat().st_size != stated["bytes"]:
        return f"{path.name} has {path.stat().st_size:,} bytes, not {stated['bytes']:,}"
    if thorough and sha256_of(path) != stated["sha256"]:
        return f"{path.name} has another checksum"
    return weights.damage(path) if path.suffix == ".safetensors" else None
