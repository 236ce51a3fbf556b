"""`circuit-assert check`: whether a run that was made elsewhere can be relied on here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from circuit_assert.cli.ledgers import ledgers_argument, runs_of
from circuit_assert.ledger import Ledger
from circuit_assert.ledger.shards import named, part_of


@click.command("check")
@ledgers_argument
@click.option(
    "--commit",
    default="HEAD",
    show_default=True,
    help="What the run must have been made at, as git names it.",
)
def command(ledgers: tuple[Path, ...], commit: str) -> None:
    """Say whether a run made elsewhere is whole, of this commit, and passed.

    LEDGERS are files, or folders of which the latest run is taken (.claims by default). The exit
    status is 1 when a run was killed, failed, is a part of a run, was made at another commit, or
    with changes that were not committed. Nothing is measured.

    \b
    Example:
      circuit-assert check gpu/20261122T003306.647126Z-15590.jsonl --commit HEAD
    """
    from circuit_assert.reporting.claimed import Results

    wanted = commit_named(commit)
    bad = False
    for ledger in runs_of(ledgers):
        said = Results.of_ledgers([ledger]).said
        found = list(problems(ledger, wanted))
        bad = bad or bool(found)
        click.echo(f"{'✗' if found else '✓'} {ledger.name}: {said}")
        for problem in found:
            click.echo(f"  {problem}")
    sys.exit(bad)


def problems(ledger: Ledger, commit: str) -> Iterator[str]:
    """Why a run cannot be relied on; nothing when it can.

    Args:
        ledger: The run.
        commit: What it must have been made at, in full.
    """
    run, end = ledger.run, ledger.end
    part = part_of(run)
    if part is not None:
        yield f"it is {named(part.numbers, part.of)} alone: merge it with the others"
    if run is None or run.git_commit is None:
        yield "it does not say at which commit it was made"
    elif run.git_commit != commit:
        yield f"it was made at commit {run.git_commit[:12]}, not at {commit[:12]}"
    if run is not None and run.git_dirty:
        yield "it was made with changes that are not committed"
    if end is None or ledger.truncated:
        yield "it was killed before its end"
    elif end.exit_status:
        yield f"it failed, with exit status {end.exit_status}"


def commit_named(name: str) -> str:
    """The commit that git means by a name, in full.

    Raises:
        click.UsageError: when git knows none.
    """
    asked = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise click.UsageError(f"--commit: git knows no commit {name!r} here.") from None
    return done.stdout.strip()
