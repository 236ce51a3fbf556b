"""Writes docs/ledger.md to standard output; with --schema, docs/ledger.schema.json."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

from circuit_assert.ledger.schema import BESIDE, LINES, PARTS, json_schema, table

_HEADER = """\
# The ledger

Every run of claims leaves a file in `.claims/runs` (`--claims-ledger`), named by when it started
and by its process. It is JSONL: one JSON object per line, written in one piece as soon as there is
something to say, and never changed. A run that is killed keeps what it had judged: at most the
claim that each worker was at is lost, and a last line that was cut off is left out when it is
read.

The first line is the run. Then come, as they happen, a model before the first claim about it, a
claim at its first judgement in a test, an assertion when that test ends, and a test that could not
run. The last line is the end, which a killed run lacks. Each object names its kind under
`"record"`.

## Reading it

As a table, a row per claim, test and run:

```python
import circuit_assert

runs = circuit_assert.load_runs("tests/circuit_assert/ledger/schema_1.jsonl")  # or ".claims"
print(runs[["sentence", "verdict", "effect", "low", "high", "held"]])
```

Everything else is in `circuit_assert.ledger.read`, which gives the records below.

```python
from pathlib import Path

from circuit_assert.ledger import read

run = read(Path("tests/circuit_assert/ledger/schema_1.jsonl"))
for claim in run.claims:
    for finding in claim.findings:
        print(claim.words, finding.role, finding.name, finding.verdict, finding.effect)
```

## Versions

The first line says which schema the file was written with. A reader ignores fields and records
that it does not know and fills in what an older file lacks, so that each version reads the files
of every other one; `tests/circuit_assert/ledger/test_versions.py` holds it to that with a file of
schema 1 and one that was made up. [ledger.schema.json](ledger.schema.json) is the JSON schema of
one line.

This page is what `python -m circuit_assert.ledger` prints, and the schema what it prints with
`--schema`: both are made of the docstrings in `circuit_assert/ledger/records.py`. A field with a
question mark may be missing.
"""
_BESIDE = """\
With `--claims-scores` (and `--claims-save`, where pyarrow is installed) the values behind each
finding are kept in a folder beside the ledger, `NAME.scores`: one Parquet file for each finding,
with a row per unit and the columns `claim_id`, `nodeid`, `criterion`, `unit`, `value` and, for
each name, `cluster:NAME`. `circuit_assert.ledger.scores.load_scores` reads all of a run.
"""


def page() -> str:
    """The page."""
    parts = [_HEADER, "## Lines\n"]
    parts += [_section(record, f"`{record.kind}`") for record in LINES]
    parts.append("## Parts of lines\n")
    parts += [_section(record, f"`{record.__name__}`") for record in PARTS]
    parts += ["## Beside the ledger\n", _BESIDE]
    parts += [_section(record, f"`{record.__name__}`") for record in BESIDE]
    return "\n".join(parts).rstrip() + "\n"


def schema() -> str:
    """The JSON schema's text."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _section(record: type[Any], title: str) -> str:
    said = " ".join((inspect.getdoc(record) or "").split())
    return f"### {title}\n\n{said}\n\n{table(record)}\n"


if __name__ == "__main__":
    print(schema() if "--schema" in sys.argv[1:] else page(), end="")
