"""`circuit-assert compare A B`: what changed between two runs."""

from __future__ import annotations

from pathlib import Path

import click

from circuit_assert.cli.output import output_option, write


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B", default="last")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".claims"),
    show_default=True,
    help="Where runs are kept, and saved ones.",
)
@click.option("--fail-on-drift", is_flag=True, help="Exit with 1 on drift, too.")
@click.option("--markdown", is_flag=True, help="Write Markdown, for a pull request.")
@output_option
def command(
    before: str,
    after: str,
    *,
    folder: Path,
    fail_on_drift: bool,
    markdown: bool,
    output: Path | None,
) -> None:
    """Compare the run A with the run B, which is the latest one by default.

    Each is the name of a saved run (pytest --claims-save=NAME), the path of a ledger, the name of
    a run, "last" or "previous". Claims are matched by what they say, not by their tests.

    Exits with 0 when nothing is worse, 1 when something is: a claim that is asserted and no longer
    supported, or denied and no longer refuted. 2 is for what cannot be compared.

    \b
    Example:
      circuit-assert compare main --fail-on-drift
    """
    from circuit_assert.comparison import compare
    from circuit_assert.errors import CircuitAssertError
    from circuit_assert.ledger import read
    from circuit_assert.ledger.folders import find_run, history_of
    from circuit_assert.reporting.comparison import as_markdown, as_text

    try:
        ledgers = [read(find_run(name, folder)) for name in (before, after)]
    except (CircuitAssertError, OSError) as problem:
        raise click.UsageError(str(problem)) from None
    found = compare(*ledgers, history=history_of(folder))
    said = as_markdown if markdown else as_text
    write(said(found, fail_on_drift=fail_on_drift).rstrip("\n") + "\n", output)
    raise SystemExit(found.exit_status(fail_on_drift=fail_on_drift))
