"""Ledgers of many records: how long what is made of them takes, and how much memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import Result
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ExampleRecord,
    FindingRecord,
    ModelRecord,
    RunRecord,
    as_dict,
)

_STARTED = "2026-03-04T05:06:07.000+00:00"
_CLUSTERS = 32
_KINDS = ("head_is_induction", "head_is_name_mover", "ablation_drops_logit", "neuron_is_universal")
_MODELS = ("gemma-3-270m", "smollm2-135m-instruct", "pythia-70m", "gpt2")
_MIB = 1 << 20


@dataclass(frozen=True)
class Records(Result):
    """What one step took on a process of its own.

    Args:
        step: Which.
        claims: How many claims each ledger has.
        seconds: How long it took.
        peak: The most bytes that the process held, libraries included.
    """

    step: str
    claims: int
    seconds: float
    peak: int

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "step": self.step,
            "claims": self.claims,
            "seconds": self.seconds,
            "bytes_at_peak": self.peak,
        }

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": f"{self.step}, {self.claims:,} claims",
            "seconds": f"{self.seconds:.1f} s",
            "at the peak": f"{self.peak / _MIB:,.0f} MiB",
        }


def write_ledger(path: Path, claims: int = 10_000, *, seed: int = 0, later: bool = False) -> Path:
    """A ledger like those of real runs: claims of several models, kinds, verdicts and criteria.

    Args:
        path: The file to write.
        claims: How many claims, each with its assertion.
        seed: What its numbers are drawn with.
        later: Whether it is of a later run of the same claims: one in ten has drifted, one in
            fifty has another verdict, and one in a hundred has appeared in place of another.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for record in _records(claims, seed, later):
            file.write(json.dumps(as_dict(record), ensure_ascii=False) + "\n")
    return path


def with_records(claims: int = 10_000) -> list[Records]:
    """Load two ledgers as tables, compare them, render one; each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        before = write_ledger(Path(folder) / "before.jsonl", claims)
        after = write_ledger(Path(folder) / "after.jsonl", claims, later=True)
        return [_apart(step, claims, before, after) for step in _STEPS]


def _records(claims: int, seed: int, later: bool) -> Iterator[Any]:
    yield RunRecord(
        started=_STARTED,
        git_commit="0123456789abcdef" * 2 + "01234567",
        git_dirty=False,
        versions={"python": "3.11.7", "torch": "2.14" if later else "2.13"},
        false_pass_rate=0.01,
        seed=0,
        device="cpu",
        dtype="float32",
        fail_on="inconclusive",
    )
    for model in _MODELS:
        yield ModelRecord(model=model, fingerprint="7c1ad7a0383582ef", dtype="float32")
    made = [f"{number:012x}" for number in range(claims)]
    for number, claim_id in enumerate(made):
        yield from _claim(number, claim_id, seed, later)
    p_values = dict.fromkeys(made, 0.001)
    yield EndRecord(ended=_STARTED, exit_status=1, holm=p_values, q_values=p_values)


def _claim(number: int, claim_id: str, seed: int, later: bool) -> Iterator[Any]:
    model, kind = _MODELS[number % 4], _KINDS[number // 4 % 4]
    head = f"L{number % 30}H{number % 16}N{number}"
    verdict = ("supported", "refuted", "supported", "refuted", "inconclusive")[number % 5]
    changed = later and number % 50 == 7
    bound = "0.4"
    if later and number % 100 == 3:
        claim_id, bound = f"new{claim_id}", "0.5"
    words = f"{head} is an induction head on prompts of number {number}"
    nodeid = f"hypotheses/{model}/test_suite_{number // 100}.py::test_claim[{head}]"
    yield ClaimRecord(
        claim_id=claim_id,
        nodeid=nodeid,
        claim_type=kind,
        sentence=f"{words} in {model}",
        words=words,
        model=model,
        fingerprint="7c1ad7a0383582ef",
        verdict="inconclusive" if changed else verdict,
        reason="on text: the whole interval [+0.58, +0.60] lies above +0.40",
        findings=tuple(_findings(number, seed, drifted=later and number % 10 == 0)),
        headline=0,
        arguments={"head": f"['{head}']", "on": "plain_text#60349bcc23077057", "by": bound},
        false_pass_rate=0.01,
        p_value=0.0001,
        dtype="float32",
        device="cpu",
        source="Olsson et al. 2022, arXiv:2209.11895",
        seconds=1.25,
        runs=1,
        noise_floor=1e-6,
        file=f"hypotheses/{model}/test_suite_{number // 100}.py",
        line=number % 100 + 10,
        at=_STARTED,
    )
    polarity = "denied" if verdict == "refuted" else "asserted"
    yield AssertionRecord(
        claim_id=claim_id,
        nodeid=nodeid,
        held=verdict != "inconclusive",
        polarity="unknown" if verdict == "inconclusive" else polarity,
        outcome="passed",
    )


def _findings(number: int, seed: int, *, drifted: bool) -> Iterator[FindingRecord]:
    draw = np.random.default_rng([seed, number])
    for place, name in enumerate(("on text", "on random tokens", "not two before")):
        values = draw.normal(0.6, 0.05, _CLUSTERS)
        if drifted:
            values = values - 0.02 - 0.005 * np.sin(np.arange(_CLUSTERS))
        means = {f"passage {n}": float(f"{x:.6g}") for n, x in enumerate(values)}
        ranked = sorted((value, n) for n, value in enumerate(means.values()))
        yield FindingRecord(
            name=name,
            role="primary" if place < 2 else "guard",
            expected="attention to the previous token minus uniform attention above +0.40",
            region="above +0.40",
            verdict="supported",
            reason="the whole interval [+0.58, +0.60] lies above +0.40",
            effect=float(values.mean()),
            low=float(values.mean()) - 0.02,
            high=float(values.mean()) + 0.02,
            unit="attention",
            estimand="mean of cluster means",
            method="t and bootstrap-t envelope",
            units=_CLUSTERS,
            clusters={"document": _CLUSTERS},
            p_value=0.0001,
            detectable=0.0115,
            noise_floor=1e-6,
            prompts="plain_text",
            cluster_means={"document": means},
            lowest=_examples(ranked[:3]),
            highest=_examples(ranked[:-4:-1]),
        )


def _examples(ranked: list[tuple[float, int]]) -> tuple[ExampleRecord, ...]:
    return tuple(
        ExampleRecord(unit=n, value=value, text=f"The passage of number {n} reads like this …")
        for value, n in ranked
    )


def _load(before: Path, after: Path) -> None:
    from circuit_assert import load_runs

    assert len(load_runs(before)) == len(load_runs(after))


def _compare(before: Path, after: Path) -> None:
    from circuit_assert.comparison import compare
    from circuit_assert.ledger import read
    from circuit_assert.reporting.comparison import as_text

    assert as_text(compare(read(before), read(after)))


def _all(before: Path, after: Path) -> None:
    from circuit_assert.comparison import compare
    from circuit_assert.ledger import read
    from circuit_assert.reporting.comparison import as_text
    from circuit_assert.reporting.html import report

    later = read(after)
    assert as_text(compare(read(before), later))
    assert report([later])


_STEPS = {
    "load two as tables": _load,
    "compare two": _compare,
    "load two, compare them and render one as HTML": _all,
}


def _apart(step: str, claims: int, before: Path, after: Path) -> Records:
    called = [sys.executable, "-m", __name__, step, str(before), str(after)]
    done = subprocess.run(called, capture_output=True, text=True, check=True)
    return Records(step, claims, *json.loads(done.stdout))


def _measured(step: str, before: Path, after: Path) -> tuple[float, int]:
    """Seconds with imports, and bytes at the peak."""
    start = time.perf_counter()
    _STEPS[step](before, after)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], *map(Path, sys.argv[2:]))))
