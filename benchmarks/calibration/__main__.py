"""`python -m benchmarks.calibration`: how often verdicts are wrong, as tables and as JSON."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.calibration import tables, verdicts


def main() -> int:
    """Simulate, print, and write down; 1 when a promise is broken."""
    options = _options()
    found = _simulated(verdicts.rows(options.samples), options.processes)
    print(tables.of_verdicts(found))
    if options.json:
        _write(options.json, {"verdicts": [row.record for row in found]})
    return 0 if all(row.kept for row in found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="prompt sets per design")
    parser.add_argument("--json", type=Path, help="also write every row here")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="how many at a time"
    )
    return parser.parse_args()


def _simulated(rows: Iterable[Callable[[], verdicts.Row]], processes: int) -> list[verdicts.Row]:
    """The rows in their own order, simulated side by side."""
    with ProcessPoolExecutor(processes) as pool:
        waiting: dict[Future[verdicts.Row], int] = {
            pool.submit(row): number for number, row in enumerate(rows)
        }
        console = Console(stderr=True)
        done = track(as_completed(waiting), "judging", len(waiting), console=console)
        by_number = {waiting[each]: each.result() for each in done}
    return [by_number[number] for number in sorted(by_number)]


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
