"""`circuit-assert badge`: the pass rate as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from circuit_assert.cli.ledgers import ledgers_argument, runs_of
from circuit_assert.cli.output import output_option, write


@click.command("badge")
@ledgers_argument
@output_option
@click.option("--label", default="claims", show_default=True, help="What stands on the left.")
def command(ledgers: tuple[Path, ...], output: Path | None, label: str) -> None:
    """Write the pass rate as an SVG badge.

    LEDGERS are files, or folders of which the latest run is taken (.claims by default). Of a claim
    that several judged, the last judgement counts.

    \b
    Example:
      circuit-assert badge -o badge.svg
    """
    from circuit_assert.reporting.badge import badge
    from circuit_assert.reporting.claimed import Results

    write(badge(Results.of_ledgers(runs_of(ledgers)), label=label), output)
