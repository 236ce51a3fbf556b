"""Which ledgers a command reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import Ledger, read, read_folder
from circuit_assert.ledger.files import runs_of as files_of

DEFAULT = Path(".claims")


def ledgers_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument LEDGERS: files, or folders of which the latest run is taken."""
    return click.argument(
        "ledgers", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[LEDGERS]..."
    )(command)


def runs_of(paths: Iterable[Path]) -> list[Ledger]:
    """The runs that were named: each file, and of each folder the latest; of none, of `.claims`.

    Raises:
        CircuitAssertError: when there is no run.
    """
    found = [read(path) if path.is_file() else _latest(path) for path in paths]
    return found or [_latest(DEFAULT)]


def every_run(path: Path) -> list[Ledger]:
    """Every run at a path, the earliest first.

    Raises:
        CircuitAssertError: when there is none.
    """
    found = [read(path)] if path.is_file() else read_folder(path)
    if not found:
        raise CircuitAssertError(f"{path} holds no ledger: `circuit-assert run` keeps one there.")
    return found


def _latest(folder: Path) -> Ledger:
    files = files_of(folder)
    return read(files[-1]) if files else every_run(folder)[-1]
