"""`circuit-assert markdown`: runs as a pull request shows them."""

from __future__ import annotations

from pathlib import Path

import click

from circuit_assert.cli.ledgers import ledgers_argument, runs_of
from circuit_assert.cli.output import output_option, write


@click.command("markdown")
@ledgers_argument
@output_option
@click.option(
    "--limit",
    type=click.IntRange(min=1000),
    metavar="BYTES",
    help="Leave out claims beyond this size, those that hold first, and say how many "
    "(a comment on GitHub takes 65536).",
)
def command(ledgers: tuple[Path, ...], output: Path | None, limit: int | None) -> None:
    """Write runs as Markdown, for a pull request: what does not hold first.

    LEDGERS are files, or folders of which the latest run is taken (.claims by default). Of a claim
    that several judged, the last judgement counts.

    \b
    Example:
      circuit-assert markdown --limit 65536 | gh pr comment --body-file -
    """
    from circuit_assert.reporting.claimed import Results
    from circuit_assert.reporting.markdown import report

    found = runs_of(ledgers)
    write(report(Results.of_ledgers(found), runs=[each.run for each in found], limit=limit), output)
