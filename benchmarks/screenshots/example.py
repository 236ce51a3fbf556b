"""The example of the docs: runs as they were, but fewer claims, shorter numbers, and no paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FOLDERS = ("ledger", "cache", "report")
_TOPS = ("hypotheses/", "benchmarks/")
_LONGEST = 30_000  # characters of a claim


def trim(runs: Path, out: Path) -> None:
    """Copy each run, with the first claim of each type, verdict and model.

    Args:
        runs: A folder of ledgers.
        out: Where the copies go, numbered.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(runs.glob("*.jsonl")), start=1):
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        kept = [json.dumps(line, ensure_ascii=False) for line in _first_of_each(lines)]
        (out / f"run-{number}.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")


def _first_of_each(lines: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[tuple[str, ...]] = set()
    kept: set[str] = set()
    for line in lines:
        kind = line["record"]
        if kind == "claim":
            what = (line["claim_type"], line["verdict"], line["model"])
            if what in seen or len(json.dumps(line)) > _LONGEST:
                continue
            seen.add(what)
            kept.add(line["claim_id"])
        if kind == "assertion" and line["claim_id"] not in kept:
            continue
        yield _rounded(_without_paths(line))


def _without_paths(line: dict[str, Any]) -> dict[str, Any]:
    """Folders of a machine say nothing to a reader elsewhere."""
    if line["record"] == "run":
        line["options"] = {k: v for k, v in line["options"].items() if k not in _FOLDERS}
        line["arguments"] = list(filter(None, map(_relative, line["arguments"])))
        line["platform"] = line["platform"].partition("-")[0]
    return line


def _relative(argument: str) -> str:
    """A suite's path as seen from here; nothing for other arguments."""
    return next((top + argument.partition(top)[2] for top in _TOPS if top in argument), "")


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.6g}")
        case dict():
            return {name: _rounded(inner) for name, inner in value.items()}
        case list():
            return [_rounded(inner) for inner in value]
        case _:
            return value
