"""`circuit-assert merge OUT IN…`: the ledgers of shards as one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from circuit_assert.ledger import Record


@click.command("merge")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.argument(
    "inputs", nargs=-1, required=True, metavar="IN...",
    type=click.Path(path_type=Path, exists=True),
)  # fmt: skip
@click.option("--partial", is_flag=True, help="Merge what there is where shards are missing.")
def command(out: Path, inputs: tuple[Path, ...], *, partial: bool) -> None:
    """Merge the ledgers IN of one run's shards into the file OUT, with their scores.

    Each IN is a ledger or a folder of ledgers. Shards under different rates, weights, dtypes,
    commits or locks, or of different splits, are refused, and so is a claim with two verdicts. A
    missing shard is an error without --partial. Merging again changes nothing.

    \b
    Example:
      circuit-assert merge whole.jsonl shard-1.jsonl shard-2.jsonl
    """
    import json

    from circuit_assert.errors import CircuitAssertError
    from circuit_assert.ledger import as_dict, read
    from circuit_assert.ledger.folders import runs_of
    from circuit_assert.ledger.merging import merged, run_again

    paths = [file for path in inputs for file in ([path] if path.is_file() else runs_of(path))]
    if not paths:
        raise click.UsageError("there is no ledger in what was given.")
    try:
        ledgers = [read(path) for path in paths]
        records = merged(ledgers, partial=partial)
        lines = [json.dumps(as_dict(each), ensure_ascii=False, allow_nan=False) for each in records]
        part = out.with_name(f".{out.name}.part")
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        os.replace(part, out)
        _copy_scores(out, paths)
    except (CircuitAssertError, OSError) as problem:
        raise click.UsageError(str(problem)) from None
    claims = sum(each.kind == "claim" for each in records)
    many = "1 ledger" if len(paths) == 1 else f"{len(paths)} ledgers"
    click.echo(f"{many} merged into {out}: {claims} verdicts.")
    for said in (*run_again(ledgers), *_said(records[0])):
        click.echo(said)


def _said(run: Record) -> Iterator[str]:
    """Which shards are there, and what their machines differ in."""
    from circuit_assert.ledger import RunRecord
    from circuit_assert.ledger.shards import named, part_of

    part = part_of(run) if isinstance(run, RunRecord) else None
    if part is not None:
        yield f"A part of the run: {named(part.missing, part.of)} missing."
    for package, version in run.versions.items() if isinstance(run, RunRecord) else ():
        if "; " in version:
            yield f"The shards ran under several versions of {package}: {version}."


def _copy_scores(out: Path, paths: list[Path]) -> None:
    """Files are named by claim, test and criterion: the same of two shards are one."""
    import shutil

    from circuit_assert.ledger.scores import folder_of

    to = folder_of(out)
    for path in paths:
        for file in sorted(folder_of(path).glob("*.parquet")):
            to.mkdir(exist_ok=True)
            if not (to / file.name).exists():
                shutil.copyfile(file, to / file.name)
