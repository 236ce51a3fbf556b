"""The words and sentences of the shipped prompt sets, one TOML file a subject or language."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read(name: str) -> dict[str, Any]:
    """The contents of `<name>.toml`; `name` may have folders in it."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def lines(block: str) -> tuple[str, ...]:
    """The lines of a block of text that has one entry a line, without the empty ones."""
    return tuple(line for line in block.splitlines() if line)
