"""Ledgers made by hand, for reports."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ExampleRecord,
    FindingRecord,
    Ledger,
    NotRunRecord,
    RunRecord,
    polarity,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MEANS = {"seed": {f"s{i}": 0.7 + 0.01 * i for i in range(20)}}
HOSTILE = (
    "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'`{{7*7}}</title></style>|\n"
    "\x1b[31m\u202eü中𒁓</details>&amp;"
)


def finding(verdict="supported", **more):
    given = {
        "name": "pattern",
        "expected": "attention above +0.40",
        "region": "above +0.40",
        "verdict": verdict,
        "effect": 0.79,
        "low": 0.76,
        "high": 0.82,
        "unit": "attention",
        "estimand": "mean of cluster means",
        "method": "t",
        "units": 20,
        "clusters": {"seed": 20},
        "cluster_means": MEANS,
        "lowest": (ExampleRecord(unit=1, value=0.7, text="the lowest prompt"),),
        "highest": (ExampleRecord(unit=2, value=0.9, text="the highest prompt"),),
        "interventions": ("zero ablation of L5H1",),
    }
    return FindingRecord(**given | more)


def peers(**more):
    others = tuple(i / 100 for i in range(40))
    given = {"name": "rank", "expected": "first of all", "verdict": "supported", "value": 0.9}
    return FindingRecord(**given | {"others": others} | more)


def claim(claim_id="a", verdict="supported", **more):
    given = {
        "nodeid": f"hypotheses/test_x.py::test_{claim_id}",
        "claim_type": "head_is_induction",
        "sentence": f"{claim_id} is an induction head in gemma",
        "words": f"{claim_id} is an induction head",
        "model": "gemma",
        "fingerprint": "0123456789abcdef",
        "reason": f"why {claim_id} is {verdict}",
        "findings": (finding(verdict), peers()),
        "headline": 0,
        "arguments": {"head": claim_id},
        "false_pass_rate": 0.01,
        "dtype": "float32",
        "device": "cpu",
        "file": "hypotheses/test_x.py",
        "line": 7,
        "source": "Olsson et al. 2022, arXiv:2209.11895",
        "at": "2026-03-10T09:00:00+00:00",
    }
    return ClaimRecord(claim_id=claim_id, verdict=verdict, **given | more)


def assertion(claim, held=True, outcome=None):
    outcome = outcome or ("passed" if held else "failed")
    return AssertionRecord(
        claim_id=claim.claim_id,
        nodeid=claim.nodeid,
        held=held,
        polarity=polarity(claim.verdict, held),
        outcome=outcome,
    )


def run(started="2026-03-10T08:00:00+00:00"):
    return RunRecord(
        started=started,
        git_commit="c0ffee" * 6,
        git_dirty=True,
        versions={"python": "3.11", "torch": "2.13"},
        false_pass_rate=0.01,
        seed=0,
        device="cpu",
        dtype="float32",
        fail_on="inconclusive",
    )


def ledger(*judged, not_run=(), started="2026-03-10T08:00:00+00:00", name="one", ended=True):
    """A run of claims, each alone (its assertion holds) or with whether its assertion held."""
    pairs = [each if isinstance(each, tuple) else (each, True) for each in judged]
    return Ledger.of(
        Path(f"{name}.jsonl"),
        [
            run(started),
            *(claim for claim, _ in pairs),
            *(assertion(claim, held) for claim, held in pairs),
            *(NotRunRecord(nodeid=nodeid, reason=reason) for nodeid, reason in not_run),
            *([EndRecord(ended=started, exit_status=0)] if ended else []),
        ],
    )


def mixed(**more):
    """Every kind of claim, in two models."""
    hostile = claim(
        "h",
        sentence=HOSTILE,
        words=HOSTILE,
        model=HOSTILE,
        nodeid=f"test_{HOSTILE}.py::test_h",
        file=f"test_{HOSTILE}.py",
        claim_type=HOSTILE,
        reason=HOSTILE,
        source=HOSTILE,
        notes=(HOSTILE,),
        arguments={HOSTILE: HOSTILE},
        findings=(
            finding(
                name=HOSTILE,
                region=HOSTILE,
                unit=HOSTILE,
                cluster_means={HOSTILE: {HOSTILE: 0.1}},
                lowest=(ExampleRecord(unit=0, value=0.1, text=HOSTILE),),
            ),
        ),
    )
    return ledger(
        claim("L5H1"),
        (claim("L2H3", "refuted"), True),
        (claim("L3H3", "refuted"), False),
        (claim("L4H4", "inconclusive"), False),
        claim("L5H1b", words="L5H1 is an induction head", model="smollm"),
        claim("long", words="a very long sentence " * 60 + "x" * 400),
        hostile,
        not_run=(("test_gpu.py::test_it", "no GPU"),),
        **more,
    )


@pytest.fixture
def made():
    """The makers, for test modules: `importlib` mode has no module to import them from."""
    import sys

    return sys.modules[__name__]
