"""What earlier runs took, as their ledgers tell: estimates from sizes alone are rough."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_circuit_assert.distribution.census import Census

_LATEST = 5
"""So many runs are looked at."""

Took = Mapping[str, Mapping[str, float]]
"""Seconds by a model's name, then by a test's node id."""


def informed(census: Census, nodeids: Sequence[str], folder: Path | None) -> Census:
    """The same with what earlier runs took; a model that they did not measure stays as it is.

    Args:
        census: Of the tests.
        nodeids: The tests', in the same order.
        folder: Of the ledgers; None without one.
    """
    ratios: dict[int, float] = {}
    for took in _latest(folder):
        for model in range(len(census.models)):
            ratio = _ratio(census, nodeids, model, took.get(census.models[model].name, {}))
            ratios[model] = max(ratio or 0.0, ratios.get(model, 0.0))  # others reused scores
    seconds = list(census.runs)
    for test in census.tests:
        for run in test.runs if test.models else ():
            seconds[run] = census.runs[run] * (ratios.get(test.models[0], 0.0) or 1.0)
    return replace(census, runs=tuple(seconds))


def _ratio(
    census: Census, nodeids: Sequence[str], model: int, took: Mapping[str, float]
) -> float | None:
    """What tests took, over what they were taken to take; None where nothing tells."""
    pairs = zip(census.tests, nodeids, strict=True)
    known = [
        (test, took[id_]) for test, id_ in pairs if test.models[:1] == (model,) and id_ in took
    ]
    runs = {run for test, _ in known for run in test.runs}
    expected = sum(census.runs[run] for run in runs)
    return sum(seconds for _, seconds in known) / expected if expected > 0 else None


def _latest(folder: Path | None) -> list[Took]:
    if folder is None or not folder.is_dir():
        return []
    return [_took(path) for path in sorted(folder.glob("*.jsonl"))[-_LATEST:]]


def _took(path: Path) -> Took:
    """Of one run, the claims that were measured in it; lines that cannot be read are left out."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return {}
    for line in lines:
        if b'"record": "claim"' not in line:
            continue
        try:
            said = json.loads(line)
            seconds, model, nodeid = float(said["seconds"]), said["model"], said["nodeid"]
        except (ValueError, KeyError, TypeError):
            continue
        if seconds > 0:
            found[model][nodeid] += seconds
    return found
