"""Evidence made of what the ledger keeps: the same block, and nothing in it steers a terminal."""

from circuit_assert.evidence import Evidence, Finding
from circuit_assert.ledger import FindingRecord
from circuit_assert.reporting.from_record import evidence_of
from circuit_assert.stats import Verdict
from tests.circuit_assert.reporting.made import HOSTILE, claim, finding


def test_it_reads_as_the_evidence_did():
    found = Finding(
        "pattern",
        "primary",
        "attention above +0.40",
        Verdict.SUPPORTED,
        effect=0.79,
        low=0.76,
        high=0.82,
        unit="attention",
        units=2,
        clusters={"seed": 2},
        noise_floor=0.001,
        notes=("one dropped",),
        region="above +0.40",
    )
    evidence = Evidence(
        "a",
        "head_is_induction",
        "L5H1 is an induction head in gemma",
        "gemma",
        Verdict.SUPPORTED,
        "it lies inside",
        (found,),
        {"by": "0.4"},
        0.01,
        source="Olsson 2022",
        notes=("chosen",),
    )
    record = claim(
        reason="it lies inside",
        findings=(FindingRecord.of(found),),
        arguments={"by": "0.4"},
        source="Olsson 2022",
        notes=("chosen",),
    )
    assert str(evidence_of(record)) == str(evidence)


def test_hostile_text_is_written_out_in_every_line():
    made = claim(
        words=HOSTILE,
        model=HOSTILE,
        reason=HOSTILE,
        notes=(HOSTILE,),
        source=HOSTILE,
        arguments={HOSTILE: HOSTILE},
        findings=(finding(name=HOSTILE, expected=HOSTILE, unit=HOSTILE, notes=(HOSTILE,)),),
    )
    lines = str(evidence_of(made)).splitlines()
    assert len(lines) > 20
    assert all(line.isprintable() for line in lines)
