"""`circuit-assert show`: one claim, drawn."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuit_assert.cli.ledgers import DEFAULT, every_run

if TYPE_CHECKING:
    from rich.text import Text

    from circuit_assert.ledger import ClaimRecord

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
@click.option(
    "--all", "every", is_flag=True, help="Clusters and prompts of every criterion, not of one."
)
@click.option(
    "--pattern",
    is_flag=True,
    help="Load the model, and draw where the claim's head attends on one of its prompts.",
)
@click.option("--prompt", metavar="TEXT", help="With --pattern: on this text.")
@click.option(
    "--model", metavar="NAME", help="With --pattern: load this model, by name or by folder."
)
def command(
    claim: tuple[str, ...],
    ledger: Path,
    *,
    every: bool,
    pattern: bool,
    prompt: str | None,
    model: str | None,
) -> None:
    """Draw one claim from the ledgers: what was found, and on what.

    CLAIM is its id or the beginning of it, a test, an address as L18H6, or words of its sentence.
    It is shown as the latest run that judged it has it, and then its history over all runs.

    \b
    Example:
      circuit-assert show L18H6 is an induction head --pattern
    """
    from rich.console import Console

    from circuit_assert.cli.claim_search import the_claim
    from circuit_assert.reporting.drawing import drawn

    if not pattern and (prompt is not None or model is not None):
        raise click.UsageError("--prompt and --model are for --pattern.")
    judgements = the_claim(every_run(ledger), " ".join(claim))
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    lines = drawn(judgements, width, every=every)
    if pattern:
        lines += _pattern(judgements[-1].claim, width, prompt=prompt, model=model)
    console = Console(width=width, highlight=False, markup=False, emoji=False, file=sys.stdout)
    for line in lines:
        console.print(line, soft_wrap=True)


def _pattern(
    claim: ClaimRecord, width: int, *, prompt: str | None, model: str | None
) -> list[Text]:
    from circuit_assert.cli.pattern import pattern_of
    from circuit_assert.reporting.drawing.lines import row, titled
    from circuit_assert.reporting.drawing.pattern import pattern_drawn

    found = pattern_of(claim, prompt=prompt, model=model)
    notes = [line for note in found.notes for line in row("note", note, width)]
    return titled(
        f"Attention of {found.head} (rows attend to columns)",
        [*notes, *pattern_drawn(found.tokens, found.weights, width)],
    )
