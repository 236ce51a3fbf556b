"""`circuit-assert show`: one claim, drawn."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from circuit_assert.cli.ledgers import DEFAULT, every_run

_WIDEST = 120


@click.command("show")
@click.argument("claim", nargs=-1, required=True, metavar="CLAIM...")
@click.option(
    "--ledger",
    type=click.Path(exists=True, path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="A ledger, or a folder of ledgers.",
)
def command(claim: tuple[str, ...], ledger: Path) -> None:
    """Draw one claim from the ledgers: what was found, and on what.

    CLAIM is its id or the beginning of it, a test, an address as L18H6, or words of its sentence.
    It is shown as the latest run that judged it has it, and then its history over all runs.

    \b
    Example:
      circuit-assert show L18H6 is an induction head
    """
    from rich.console import Console

    from circuit_assert.cli.claim_search import the_claim
    from circuit_assert.reporting.drawing import drawn

    judgements = the_claim(every_run(ledger), " ".join(claim))
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    console = Console(width=width, highlight=False, markup=False, emoji=False, file=sys.stdout)
    for line in drawn(judgements, width):
        console.print(line, soft_wrap=True)
