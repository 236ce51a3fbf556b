"""Where a command writes its text: a file, or the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option --output: the file to write."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="The file to write; standard output without it.",
    )(command)


def write(text: str, output: Path | None) -> None:
    """Write a text that ends its last line.

    Args:
        text: What to write.
        output: The file; None for standard output.
    """
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
