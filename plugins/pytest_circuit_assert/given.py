"""What options were given, as values; what cannot be is refused with what can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def given(config: pytest.Config, name: str, parse: Callable[[Any], Any], fix: str) -> Any:  # noqa: ANN401
    """The value of an option, of the command line before the configuration file, parsed.

    Args:
        config: pytest's.
        name: The option's, without "--claims-".
        parse: From what was written to the value; raises ValueError for what cannot be.
        fix: What to write in its place.

    Raises:
        pytest.UsageError: naming the option, the problem and the fix.
    """
    value, said = config.getoption(f"claims_{name}"), f"--claims-{name.replace('_', '-')}"
    try:
        if value is None:
            said = f"claims_{name}"
            value = config.getini(said)
        return parse(value)
    except (ValueError, TypeError, pytest.UsageError) as problem:
        raise pytest.UsageError(f"{said}: {problem}: {fix}.") from None


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser of one of these words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is not known")
        return value

    return parse


def device(value: str) -> str:
    """A device, or several, as `circuit_assert.models.devices` spells them."""
    from circuit_assert.errors import ModelError
    from circuit_assert.models.devices import device_of

    try:
        return device_of(value)
    except ModelError as problem:
        raise ValueError(str(problem).partition(": write ")[0]) from None


def rate(value: str | float) -> float:
    """A rate between 0 and 0.5."""
    found = float(value)
    if not 0 < found < 0.5:
        raise ValueError(f"{value!r} is no rate between 0 and 0.5")
    return found


def size(value: str | float) -> int | None:
    """Bytes, from GiB; None for no number."""
    if value == "":
        return None
    from circuit_assert.session import LEAST_MEMORY

    found = int(float(value) * (1 << 30))
    if found < LEAST_MEMORY:
        raise ValueError(f"{value!r} GiB is less than {LEAST_MEMORY / (1 << 30):g}")
    return found


def seed(value: str | int) -> int:
    """A whole number from 0."""
    found = int(value)
    if found < 0:
        raise ValueError(f"{value!r} is no seed")
    return found


def file_of(config: pytest.Config, name: str) -> Path | None:
    """A file on the command line is seen from where pytest was called, another from its root."""
    asked: str | None = config.getoption(f"claims_{name}")
    here = config.rootpath if asked is None else config.invocation_params.dir
    path = given(config, name, str, "write a file's name")
    if not path:
        return None
    if (here / path).is_dir():
        raise pytest.UsageError(f"--claims-{name}: {path} is a folder: write a file's name.")
    return here / path


def folder_of(config: pytest.Config, name: str) -> Path | None:
    """A folder on the command line is seen from where pytest was called, another from its root."""
    asked: str | None = config.getoption(f"claims_{name}")
    if config.getoption(f"claims_no_{name}"):
        if asked is not None:
            raise pytest.UsageError(f"give one of --claims-{name} and --claims-no-{name}.")
        return None
    if asked is not None:
        return config.invocation_params.dir / asked
    if given(config, f"no_{name}", bool, "write true or false"):
        return None
    return config.rootpath / given(config, name, str, "write a folder")
