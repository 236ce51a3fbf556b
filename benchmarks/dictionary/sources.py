"""Where the text comes from: Debian's translated manuals and Django's catalogues of messages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.dictionary.corpus import LANGUAGES_OF_MANUALS

MANUALS = tuple(
    "manpages" if language == "en" else f"manpages-{language.partition('_')[0]}"
    for language in LANGUAGES_OF_MANUALS
)
DJANGO = "Django==5.2.19"


def fetch_manuals(folder: Path) -> Path:
    """Download the packages with the manuals and unpack them; nothing is installed.

    Args:
        folder: Where to; those that are there already are not fetched again.

    Raises:
        SystemExit: where there is no Debian, or its index cannot be reached.
    """
    _require("apt-get", "dpkg-deb")
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in MANUALS if not any(folder.glob(f"{name}_*.deb"))]
    if missing:
        _run(["apt-get", "download", *missing], folder)
    for package in sorted(folder.glob("*.deb")):
        _run(["dpkg-deb", "-x", package.name, "unpacked"], folder)
    return folder / "unpacked"


def fetch_django(folder: Path) -> Path:
    """Download Django's wheel, in which its catalogues are; nothing of it is run.

    Args:
        folder: Where to; a wheel that is there already is not fetched again.

    Raises:
        SystemExit: where the package index cannot be reached.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("django-*.whl")):
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", DJANGO], folder)
    return next(folder.glob("django-*.whl"))


def _require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise SystemExit(
            f"{missing[0]} is not here: unpack {', '.join(MANUALS)} on a Debian or Ubuntu "
            f"(apt-get download, dpkg-deb -x) and name the folder with --manuals."
        )


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode:
        raise SystemExit(f"`{' '.join(command)}` failed in {folder}, as said above.")
