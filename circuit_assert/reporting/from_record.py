"""Evidence as a ledger keeps it, made into evidence again, without the scores of units."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from circuit_assert.evidence import Evidence, Finding
from circuit_assert.ledger import ClaimRecord, FindingRecord
from circuit_assert.stats import Verdict


def evidence_of(record: ClaimRecord) -> Evidence:
    """The evidence that a claim's record is of."""
    names = {each.name for each in fields(Evidence)} - {"kind", "verdict", "findings"}
    given: dict[str, Any] = {name: getattr(record, name) for name in names}
    findings = tuple(map(_finding, record.findings))
    return Evidence(
        **given, kind=record.claim_type, verdict=Verdict(record.verdict), findings=findings
    )


def _finding(record: FindingRecord) -> Finding:
    names = {each.name for each in fields(Finding)} - {"verdict", "scores"}
    given: dict[str, Any] = {name: getattr(record, name) for name in names}
    return Finding(**given, verdict=Verdict(record.verdict))
