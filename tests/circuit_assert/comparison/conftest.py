"""Ledgers made by hand: what two runs say of the same claims."""

from pathlib import Path

import pytest

from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    FindingRecord,
    Ledger,
    NotRunRecord,
    RunRecord,
)

VERDICTS = {"+": "supported", "-": "refuted", "?": "inconclusive"}


class Ledgers:
    """Makes claims and runs of them."""

    def finding(self, values=None, *, name="drop", floor=0.0, cluster="template", **fields):
        """A criterion whose cluster means are these."""
        means = {} if values is None else {f"c{n}": float(x) for n, x in enumerate(values)}
        made = {
            "effect": sum(means.values()) / len(means) if means else 0.5,
            "low": 0.4,
            "high": 0.6,
            "unit": "logits",
            "region": "above +0.40",
            "clusters": {cluster: len(means)} if means else {},
            "cluster_means": {cluster: means} if means else {},
            "noise_floor": floor,
            "prompts": "some",
        }
        return FindingRecord(name=name, **{**made, **fields})

    def claim(self, head="L0H0", verdict="+", *findings, model="tiny", **fields):
        """One judgement."""
        words = f"{head} drops the logit"
        made = {
            "claim_id": f"{model}-{head}",
            "nodeid": f"test_x.py::test_{head}",
            "claim_type": "drops",
            "sentence": f"{words} in {model}",
            "words": words,
            "model": model,
            "verdict": VERDICTS[verdict],
            "findings": findings,
            "headline": 0 if findings else None,
            "arguments": {"head": head, "by": "0.4"},
            "false_pass_rate": 0.01,
            "at": "2026-03-04T05:06:08.000+00:00",
        }
        return ClaimRecord(**{**made, **fields})

    def run(self, *claims, name="run", path=None, polarity="asserted", not_run=(), **fields):
        """One run."""
        made = {
            "started": "2026-03-04T05:06:07.000+00:00",
            "false_pass_rate": 0.01,
            "seed": 0,
            "device": "cpu",
            "dtype": "float32",
            "fail_on": "inconclusive",
        }
        return Ledger(
            path=path or Path(f"/nowhere/{name}.jsonl"),
            run=RunRecord(**{**made, **fields}),
            models=(),
            claims=claims,
            assertions=tuple(
                AssertionRecord(claim_id=each.claim_id, nodeid=each.nodeid, polarity=polarity)
                for each in claims
            ),
            not_run=tuple(NotRunRecord(nodeid=n, reason=r) for n, r in not_run),
            end=EndRecord(ended="2026-03-04T06:00:00.000+00:00", exit_status=0),
        )


@pytest.fixture
def ledgers():
    return Ledgers()
