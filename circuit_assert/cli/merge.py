"""`circuit-assert merge OUT IN…`: the ledgers of shards as one."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("merge")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.argument(
    "inputs", nargs=-1, required=True, metavar="IN...",
    type=click.Path(path_type=Path, exists=True),
)  # fmt: skip
def command(out: Path, inputs: tuple[Path, ...]) -> None:
    """Merge the ledgers IN of one run's shards into the file OUT, with their scores.

    Each IN is a ledger or a folder of ledgers. Shards under different rates, weights, schemas or
    locks are refused, and so is a claim with two verdicts. Merging again changes nothing.

    \b
    Example:
      circuit-assert merge whole.jsonl shard-1.jsonl shard-2.jsonl
    """
    import json

    from circuit_assert.errors import CircuitAssertError
    from circuit_assert.ledger import as_dict, read
    from circuit_assert.ledger.folders import runs_of
    from circuit_assert.ledger.merging import merged

    paths = [file for path in inputs for file in ([path] if path.is_file() else runs_of(path))]
    if not paths:
        raise click.UsageError("there is no ledger in what was given.")
    try:
        records = merged([read(path) for path in paths])
        lines = [json.dumps(as_dict(each), ensure_ascii=False, allow_nan=False) for each in records]
        part = out.with_name(f".{out.name}.part")
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        os.replace(part, out)
        _copy_scores(out, paths)
    except (CircuitAssertError, OSError) as problem:
        raise click.UsageError(str(problem)) from None
    claims = sum(each.kind == "claim" for each in records)
    ledgers = "1 ledger" if len(paths) == 1 else f"{len(paths)} ledgers"
    click.echo(f"{ledgers} merged into {out}: {claims} verdicts.")


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
