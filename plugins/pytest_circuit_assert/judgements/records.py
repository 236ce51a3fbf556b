"""What travels about claims: ledger lines, sent at once as reports that only the docket reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.judgements.places import Path, line_in
from pytest_circuit_assert.markers import reason_open, tags_of
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.ledger import ClaimRecord, Record, ScoresRecord

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
    item: pytest.Item, claim: Claim, evidence: Evidence, options: Options, path: Path
) -> ClaimRecord:
    """The ledger's line for a claim's first judgement in a test, which came about on a path."""
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
        findings=tuple(map(FindingRecord.of, evidence.findings)),
        headline=None if headline is None else evidence.findings.index(headline),
        seed=options.seed,
        tags=tags_of(item),
        open=reason_open(item),
        file=_seen_from_root(item),
        line=line_in(str(item.path), path),
        worker=getattr(item.config, "workerinput", {}).get("workerid", ""),
        at=now(),
    )


def scores_records(item: pytest.Item, evidence: Evidence) -> list[ScoresRecord]:
    """The values behind a claim's findings, unit by unit."""
    from circuit_assert.ledger import ScoresRecord

    return [
        ScoresRecord(
            claim_id=evidence.claim_id,
            nodeid=item.nodeid,
            criterion=finding.name,
            units=finding.scores.units,
            values=finding.scores.values,
            clusters=finding.scores.clusters,
        )
        for finding in evidence.findings
        if finding.scores is not None
    ]


def _seen_from_root(item: pytest.Item) -> str:
    try:
        return os.path.relpath(item.path, item.config.rootpath)
    except ValueError:  # on another drive
        return str(item.path)


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
