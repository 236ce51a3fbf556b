"""`python -m benchmarks NAME`: the engine timed, as tables and as JSON."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from benchmarks.load.clock import clock
from benchmarks.load.concurrent import concurrent
from benchmarks.load.disk import disk
from benchmarks.load.kills import kills
from benchmarks.load.many import claims10k
from benchmarks.load.workers import workers
from benchmarks.result import Result
from benchmarks.speed import devices, floor, growth, memory, suites, sweeps
from benchmarks.speed.fused import fused
from benchmarks.speed.records import with_records

GEMMA, SMOLLM2 = "gemma-3-270m", "smollm2-135m-instruct"


LOAD: Mapping[str, Callable[[], Iterable[Result]]] = {
    "claims10k": claims10k,
    "kills": lambda: [kills()],
    "concurrent": lambda: [concurrent()],
    "disk": disk,
    "clock": clock,
    "workers": lambda: [workers()],
}
"""Runs of pytest that are too much for it, by name: they assert, and run only when asked for."""

BENCHMARKS: Mapping[str, Callable[[], Iterable[Result]]] = {
    "sweep": lambda: [sweeps.mean_ablation(sweeps.load_task(GEMMA, 48), turns=1)],
    "suites": lambda: _suites((SMOLLM2, GEMMA)),
    "patching": lambda: [sweeps.patching(sweeps.load_task(GEMMA, 48), turns=1)],
    "fused": lambda: [fused(SMOLLM2)],
    "claims": lambda: growth.with_claims(SMOLLM2),
    "prompts": lambda: growth.with_prompts(GEMMA),
    "depth": lambda: growth.with_depth_of_the_edit(GEMMA),
    "layers": growth.with_layers,
    "floor": lambda: _floors((SMOLLM2, GEMMA)),
    "memory": lambda: [memory.of_sweep(sweeps.load_task(GEMMA, 96))],
    "records": with_records,
    "cuda": devices.sweeps_on_cuda,
    **LOAD,
}
"""Each benchmark, by name."""


def _suites(models: Iterable[str]) -> list[Result]:
    """Beside the usual way for each model, then beside the floor."""
    found = [suites.together_and_apart(model, every=8) for model in models]
    return [*(beside for beside, _ in found), *(above for _, above in found)]


def _floors(models: Iterable[str]) -> Iterable[Result]:
    yield floor.of_ablation(sweeps.load_task(GEMMA, 48))
    yield from map(suites.above_the_floor, models)


def main() -> int:
    """Measure what was asked for, and print it as Markdown."""
    options = _options()
    print(_machine())
    records: list[dict[str, Any]] = []
    for name in options.names or _here():
        found = list(BENCHMARKS[name]())
        print("", f"`{name}`", "", _tables(found), sep="\n", flush=True)
        records += [{"benchmark": name, **each.record} for each in found]
        if options.json:
            options.json.write_text(json.dumps(records, indent=1) + "\n")
    return 0


def _here() -> list[str]:
    """The engine's benchmarks that this machine has the devices for."""
    speed = [name for name in BENCHMARKS if name not in LOAD]
    return [name for name in speed if name != "cuda" or torch.cuda.is_available()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which of {', '.join(BENCHMARKS)}; else those of the engine that can run here",
    )
    parser.add_argument("--json", type=Path, help="also write every number here")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return options


def _tables(found: Iterable[Result]) -> str:
    lines = (each.cells for each in found)
    return "\n\n".join(_table(list(alike)) for _, alike in groupby(lines, key=list))


def _table(lines: list[dict[str, str]]) -> str:
    head = list(lines[0])
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *(x.values() for x in lines)))


def _machine() -> str:
    libraries = ("torch", "transformer-lens", "transformers")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in libraries)
    return f"{platform.machine()}, {torch.get_num_threads()} threads; {versions}; float32."


if __name__ == "__main__":
    raise SystemExit(main())
