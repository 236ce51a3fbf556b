"""`-n auto`: as many workers as models fit into memory and the tests are worth, not as cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from pytest_circuit_assert.distribution.census import Census, census
from pytest_circuit_assert.distribution.devices import Place, here
from pytest_circuit_assert.distribution.parcels import parcels
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.rehearsal.rehearsal import rehearse

_FILE = "CIRCUIT_ASSERT_CENSUS"
"""Where a process that only collects writes what it finds."""
_LONGEST = 300
_NAMES = (b"circuit_assert", b"claims_")


def workers(config: pytest.Config, options: Options) -> int | None:
    """How many; None where no claims are found, and xdist counts as it does.

    The tests are collected by another process first, as workers have to be counted before any is
    there to tell what it has found.

    Args:
        config: pytest's.
        options: Those of the run.
    """
    if not _mentions_claims(config):
        return None
    taken = _collected_apart(config)
    if taken is None or not taken.has_claims:
        return None
    return sensible(taken, here(), on_gpu=options.device.startswith("cuda"))


def sensible(taken: Census, place: Place, *, on_gpu: bool) -> int:
    """As many as there is room for, and no more than there are parcels of tests.

    Args:
        taken: What the tests need.
        place: Where they are to run.
        on_gpu: Whether models load on GPUs unless they say otherwise.
    """
    largest = max((model.memory or 0 for model in taken.models), default=0)
    room = max(1, place.memory // largest) if largest else place.cores
    most = min(place.cores, room)
    if on_gpu and place.devices:
        each = place.device_memory // largest if place.device_memory and largest else 1
        most = min(most, len(place.devices) * max(1, each))
    return max(1, min(most, len(parcels(taken, most))))


class CensusTaker:
    """Writes down what the tests need, in a process that only collects them.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the census."""
        rehearsed = rehearse(self._config, session.items)
        told = census(self._config, session.items, rehearsed).plain()
        Path(os.environ[_FILE]).write_text(json.dumps(told), encoding="utf-8")


def is_wanted() -> bool:
    """Whether this process was started to take the census."""
    return _FILE in os.environ


def _collected_apart(config: pytest.Config) -> Census | None:
    """What another process finds; None when it finds nothing that can be read."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "census.json"
        command = [sys.executable, "-m", "pytest", *_arguments(config), "-n0", "--collect-only"]
        try:
            subprocess.run(  # noqa: S603 - the user's own command, collecting only
                [*command, "-qq"],
                cwd=config.invocation_params.dir,
                env={**os.environ, _FILE: str(file)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST,
                check=False,
            )
            said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return Census.of(said)


def _arguments(config: pytest.Config) -> Sequence[str]:
    return [str(argument) for argument in config.invocation_params.args]


def _mentions_claims(config: pytest.Config) -> bool:
    """Whether any file to be collected speaks of claims: a run of others must cost no more."""
    asked = (str(each).split("::")[0] for each in config.args)
    paths = [config.invocation_params.dir / each for each in asked]
    return any(_mentions(file) for path in paths for file in _files(config, path))


def _files(config: pytest.Config, path: Path) -> Iterator[Path]:
    """Test files and conftests, outside folders that pytest leaves out and virtual environments."""
    if path.is_file():
        yield path
    left_out: list[str] = config.getini("norecursedirs")
    wanted: list[str] = ["conftest.py", *config.getini("python_files")]
    for folder, folders, files in os.walk(path):
        folders[:] = [
            each
            for each in folders
            if not any(fnmatch(each, pattern) for pattern in left_out)
            and not (Path(folder) / each / "pyvenv.cfg").is_file()
        ]
        yield from (
            Path(folder) / file
            for file in files
            if any(fnmatch(file, pattern) for pattern in wanted)
        )


def _mentions(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return any(name in text for name in _NAMES)
