"""What travels about claims: ledger lines, sent at once as reports that only the docket reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.markers import reason_open, tags_of
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.ledger import ClaimRecord, Record

WHEN: Any = "claim"
"""The phase that such a report is of; pytest's own plugins know only setup, call and teardown."""


def send(item: pytest.Item, records: Iterable[Record]) -> None:
    """Report records now: under xdist they travel to the controller, come what may later."""
    from circuit_assert.ledger import as_dict

    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome="passed",
        longrepr=None,
        when=WHEN,
        claims=[as_dict(record) for record in records],
    )
    item.ihook.pytest_runtest_logreport(report=report)


def claim_record(
    item: pytest.Item, claim: Claim, evidence: Evidence, options: Options
) -> ClaimRecord:
    """The ledger's line for a claim's first judgement in a test."""
    from circuit_assert.ledger import ClaimRecord, FindingRecord

    found = evidence.record
    headline = evidence.headline
    shared = ("claim_id", "sentence", "model", "fingerprint", "verdict", "reason", "arguments")
    shared += (
        "false_pass_rate",
        "p_value",
        "dtype",
        "device",
        "source",
        "seconds",
        "runs",
        "reused",
    )
    return ClaimRecord(
        **{name: found[name] for name in (*shared, "noise_floor")},
        notes=tuple(found["notes"]),
        nodeid=item.nodeid,
        claim_type=evidence.kind,
        words=claim.words,
        findings=tuple(FindingRecord(**finding) for finding in found["findings"]),
        headline=None if headline is None else evidence.findings.index(headline),
        seed=options.seed,
        tags=tags_of(item),
        open=reason_open(item),
        worker=getattr(item.config, "workerinput", {}).get("workerid", ""),
        at=now(),
    )


def junit_property(evidence: Evidence) -> str:
    """One flat sentence about a claim, for JUnit files."""
    said = f"{evidence.sentence}: {evidence.verdict}"
    shown = evidence.headline
    if shown is not None:
        from circuit_assert.reporting.terminal import observed

        said += f"; {observed(shown)}, {shown.region}"
    return f"{said}; claim {evidence.claim_id}"


def now() -> str:
    """The time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
