"""`python -m benchmarks.calibration`: how often verdicts are wrong, as tables and as JSON."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from benchmarks.calibration import tables, verdicts
from benchmarks.calibration.claim_types import simulation

Result = TypeVar("Result")


def main() -> int:
    """Simulate, print, and write down; 1 when a promise is broken."""
    options = _options()
    if options.files:
        return _printed(simulation.rows_of(_claims_in(options.files)))
    found: list[verdicts.Row] = []
    if not options.only:
        found = _done(verdicts.rows(options.samples), options.processes, "drawing prompt sets")
        print(f"{tables.OF_VERDICTS}\n\n{tables.of_verdicts(found)}\n", flush=True)
    tasks = simulation.parts(options.instances, options.only)
    claims = simulation.rows(_done(tasks, options.processes, "judging claims"))
    print(f"{tables.OF_CLAIMS}\n\n{tables.of_claims(claims)}")
    if options.json:
        records = {"verdicts": [r.record for r in found], "claims": [r.record for r in claims]}
        _write(options.json, records)
    return 0 if all(row.kept for row in (*found, *claims)) else 1


def _printed(claims: list[simulation.Row]) -> int:
    print(f"{tables.OF_CLAIMS}\n\n{tables.of_claims(claims)}")
    return 0 if all(row.kept for row in claims) else 1


def _claims_in(files: Iterable[Path]) -> list[dict[str, Any]]:
    return [record for file in files for record in json.loads(file.read_text())["claims"]]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="prompt sets per design")
    parser.add_argument("--instances", type=int, default=200, help="claims per criterion")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=simulation.TYPES,
        metavar="TYPE",
        help="these claim types, and no prompt sets",
    )
    parser.add_argument(
        "--files",
        nargs="+",
        type=Path,
        help="print the claims of these JSON files as tables; of two rows for a case, the later",
    )
    parser.add_argument("--json", type=Path, help="also write every row here")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="how many at a time"
    )
    return parser.parse_args()


def _done(tasks: Iterable[Callable[[], Result]], processes: int, doing: str) -> list[Result]:
    """What the tasks give, in their own order, done side by side in processes of their own."""
    fresh = get_context("spawn")  # a forked torch waits for threads that it does not have
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        waiting: dict[Future[Result], int] = {
            pool.submit(task): number for number, task in enumerate(tasks)
        }
        console = Console(stderr=True)
        done = track(as_completed(waiting), doing, len(waiting), console=console)
        by_number = {waiting[each]: each.result() for each in done}
    return [by_number[number] for number in sorted(by_number)]


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
