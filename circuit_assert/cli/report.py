"""`circuit-assert report`: ledgers as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import Ledger, ledgers_in, read


@click.command("report")
@click.argument("places", metavar="[LEDGER|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    default="claims.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@click.option("--title", default="", help="The page's heading.")
def command(places: tuple[Path, ...], output: Path, title: str) -> None:
    """Write a report on the claims of ledgers: one HTML file that loads nothing.

    A folder stands for all its runs; without any, .claims does. Each claim is shown with its last
    verdict.

    \b
    Example:
      circuit-assert report .claims -o claims.html
    """
    from circuit_assert.reporting.html import TITLE, report, write

    try:
        write(report(_read(places or (Path(".claims"),)), title=title or TITLE), output)
    except (CircuitAssertError, OSError) as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"Report: {output}")


def _read(places: tuple[Path, ...]) -> Iterator[Ledger]:
    """One by one: a folder may hold more than fits into memory."""
    for place in places:
        yield from map(read, ledgers_in(place) if place.is_dir() else [place])
