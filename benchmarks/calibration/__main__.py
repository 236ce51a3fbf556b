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
    found = _done(verdicts.rows(options.samples), options.processes, "drawing prompt sets")
    print(f"{tables.OF_VERDICTS}\n\n{tables.of_verdicts(found)}", flush=True)
    parts = _done(simulation.parts(options.instances), options.processes, "judging claims")
    claims = simulation.rows(parts)
    print(f"\n{tables.OF_CLAIMS}\n\n{tables.of_claims(claims)}")
    if options.json:
        records = {"verdicts": [r.record for r in found], "claims": [r.record for r in claims]}
        _write(options.json, records)
    return 0 if all(row.kept for row in (*found, *claims)) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="prompt sets per design")
    parser.add_argument("--instances", type=int, default=200, help="claims per criterion")
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
