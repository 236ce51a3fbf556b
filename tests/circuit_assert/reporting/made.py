"""Ledgers made up for reports, with text that would do harm if it were not escaped."""

from pathlib import Path

from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    ExampleRecord,
    FindingRecord,
    Ledger,
    NotRunRecord,
    RunRecord,
)

HOSTILE = (
    "L0H0 <script>alert('x')</script> | `code` \x1b[31mred\x1b[0m\x00 \"q\" & @octocat #12 "
    "[a](http://b) **bold** $x$\nnew %0A line ::error::x — 方向"
)
HARMLESS = "L5H1 is an induction head"


def finding(**more):
    given = {
        "name": "pattern",
        "verdict": "supported",
        "effect": 0.79,
        "low": 0.76,
        "high": 0.82,
        "unit": "attention",
        "region": "above +0.40",
    }
    return FindingRecord(**given | more)


def claim(claim_id="a", verdict="supported", **more):
    given = {
        "nodeid": f"t.py::test_{claim_id}",
        "sentence": f"{more.get('words', HARMLESS)} in gemma",
        "words": HARMLESS,
        "model": "gemma",
        "claim_type": "head_is_induction",
        "false_pass_rate": 0.01,
        "findings": (finding(),),
        "headline": 0,
        "file": "t.py",
        "line": 4,
        "at": "2026-11-22T00:33:00+00:00",
    }
    return ClaimRecord(claim_id=claim_id, verdict=verdict, **given | more)


def assertion(claim_id="a", held=True, polarity="asserted", nodeid=None):
    nodeid = nodeid or f"t.py::test_{claim_id}"
    return AssertionRecord(claim_id=claim_id, nodeid=nodeid, held=held, polarity=polarity)


def absent(nodeid="t.py::test_gpu", reason="needs a GPU"):
    return NotRunRecord(nodeid=nodeid, reason=reason)


def example(value, text):
    return ExampleRecord(unit=3, value=value, text=text)


def run(started="2026-11-22T00:00:00+00:00", **more):
    given = {"false_pass_rate": 0.01, "seed": 0, "device": "cpu", "dtype": "float32"}
    return RunRecord(started=started, fail_on="inconclusive", **given | more)


def ledger(*records, name="one", **more):
    def of(kind):
        return tuple(each for each in records if isinstance(each, kind))

    return Ledger(
        path=Path(f"{name}.jsonl"),
        run=run(**more),
        models=(),
        claims=of(ClaimRecord),
        assertions=of(AssertionRecord),
        not_run=of(NotRunRecord),
        end=None,
    )
