"""`python -m benchmarks.speed`: the engine beside the usual way, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import torch

from benchmarks.speed import floor, sweeps
from benchmarks.speed.floor import Floor
from benchmarks.speed.fused import fused
from benchmarks.speed.paired import Timed

NAMES = ("sweep", "patching", "fused", "floor")


def main() -> int:
    """Measure what was asked for, and print it as Markdown."""
    options = _options()
    found = list(_measured(options.names or NAMES, options.model, options.prompts))
    print(_machine(), "", _table(found), sep="\n")
    if options.json:
        records = [each.record for each in found]
        options.json.write_text(json.dumps(records, indent=1) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("names", nargs="*", choices=(*NAMES, []), help="which; all by default")
    parser.add_argument("--model", default="gemma-3-270m", help="a zoo name")
    parser.add_argument("--prompts", type=int, default=48, help="prompts of a sweep")
    parser.add_argument("--json", type=Path, help="also write every number here")
    return parser.parse_args()


def _measured(names: Iterable[str], model: str, prompts: int) -> Iterable[Timed | Floor]:
    for name in names:
        if name == "fused":
            yield fused("smollm2-135m-instruct")
            continue
        task = sweeps.load_task(model, prompts)
        match name:
            case "sweep":
                yield sweeps.mean_ablation(task)
            case "patching":
                yield sweeps.patching(task)
            case _:
                yield floor.of_ablation(task)


def _table(found: Iterable[Timed | Floor]) -> str:
    head = "| what | usual way | engine | ratio | numbers differ by |\n|---|--:|--:|--:|--:|"
    return "\n".join([head, *map(_line, found)])


def _line(one: Timed | Floor) -> str:
    if isinstance(one, Floor):
        bare = f"{one.needed / one.peak:.1f} s of products alone"
        return f"| {one.name} | {bare} | {one.seconds:.1f} s | {one.ratio:.1f} × the floor | |"
    usual, ours = (min(seconds) for seconds in (one.usual, one.ours))
    numbers = f"{one.difference:.1g} of {one.size:.3g}"
    return f"| {one.name} | {usual:.1f} s | {ours:.1f} s | {one.ratio:.1f} × | {numbers} |"


def _machine() -> str:
    libraries = ("torch", "transformer-lens", "transformers")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in libraries)
    return f"{platform.machine()}, {torch.get_num_threads()} threads; {versions}; float32."


if __name__ == "__main__":
    raise SystemExit(main())
