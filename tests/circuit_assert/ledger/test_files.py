"""The ledger: one line per record, each whole or not there, read back as it was written."""

import json
import math
import os
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from circuit_assert import ledger
from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    FindingRecord,
    LedgerFile,
    NotRunRecord,
    RunRecord,
    as_dict,
    from_dict,
    plain,
    polarity,
    read,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, UTC)
RUN = RunRecord(
    started=NOW.isoformat(),
    versions={"python": "3.11"},
    false_pass_rate=0.01,
    seed=0,
    device="cpu",
    dtype="float32",
    fail_on="inconclusive",
)
CLAIM = ClaimRecord(
    claim_id="abc",
    nodeid="test_x.py::test_y",
    verdict="supported",
    findings=(FindingRecord(name="pattern", effect=0.8, notes=("a note",)),),
    headline=0,
    notes=("found on one half", "tested on the other"),
    tags=("early",),
)
ASSERTION = AssertionRecord(claim_id="abc", nodeid="test_x.py::test_y", held=True)
END = EndRecord(ended=NOW.isoformat(), exit_status=0, holm={"abc": 0.02})


@pytest.fixture
def file(tmp_path):
    made = LedgerFile(tmp_path / "deep" / "runs", NOW)
    yield made
    made.close()


def test_a_run_reads_back_as_it_was_written(file):
    missing = NotRunRecord(nodeid="test_x.py::test_z", reason="needs a GPU")
    for record in (RUN, CLAIM, ASSERTION, missing, END):
        file.append(record)
    found = read(file.path)
    assert found.run == RUN
    assert found.claims == (CLAIM,)
    assert found.assertions == (ASSERTION,)
    assert found.not_run == (missing,)
    assert found.end == END
    assert not found.truncated


def test_the_file_is_named_by_time_and_process(file):
    assert file.path.name == f"20260304T050607.891011Z-{os.getpid()}.jsonl"


def test_a_run_never_appends_to_another(file):
    with pytest.raises(FileExistsError):
        LedgerFile(file.path.parent, NOW)


def test_a_record_is_one_write(file, monkeypatch):
    written = []

    def write(descriptor, data):
        written.append(data)
        return len(data)

    monkeypatch.setattr(ledger.files.os, "write", write)
    file.append(CLAIM)
    assert len(written) == 1
    assert written[0].count(b"\n") == 1
    assert json.loads(written[0])["record"] == "claim"


def test_a_record_written_in_part_is_an_error(file, monkeypatch):
    monkeypatch.setattr(ledger.files.os, "write", lambda descriptor, data: len(data) - 1)
    with pytest.raises(OSError, match="No space left"):
        file.append(CLAIM)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_cut_last_line_is_left_out(file, cut):
    for record in (RUN, CLAIM, ASSERTION):
        file.append(record)
    file.path.write_bytes(file.path.read_bytes()[:-cut])
    found = read(file.path)
    assert found.claims == (CLAIM,)
    assert found.end is None
    assert found.truncated == (cut > 1)
    assert found.assertions == ((ASSERTION,) if cut == 1 else ())


def test_a_broken_line_in_the_middle_is_an_error_that_names_it(file):
    file.append(RUN)
    file.path.write_bytes(file.path.read_bytes() + b'{"record": "cla\n{}\n')
    with pytest.raises(CircuitAssertError, match="line 2 is no record"):
        read(file.path)


def test_unknown_fields_and_records_are_ignored(file):
    line = as_dict(CLAIM) | {"of_the_future": 1}
    line["findings"][0]["also_new"] = 2
    text = "\n".join(map(json.dumps, [as_dict(RUN), {"record": "dream"}, line])) + "\n"
    file.path.write_text(text)
    assert read(file.path).claims == (CLAIM,)


def test_an_empty_file_is_a_run_that_wrote_nothing(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_bytes(b"")
    found = read(path)
    assert found.run is None
    assert not found.claims


def test_a_record_without_its_identity_is_refused():
    with pytest.raises(TypeError, match="claim_id"):
        from_dict({"record": "claim", "nodeid": "test_x.py::test_y"})


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (math.inf, None),
        (np.float64("nan"), None),
        ((1, (2.0, None)), [1, [2.0, None]]),
        ({1: np.int8(2)}, {"1": 2}),
    ],
)
def test_what_is_written_is_builtins(given, made):
    found = plain(given)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("verdict", "held", "expected"),
    [
        ("supported", True, "asserted"),
        ("supported", False, "denied"),
        ("refuted", True, "denied"),
        ("refuted", False, "asserted"),
        ("supported", None, "unknown"),
        ("inconclusive", False, "unknown"),
    ],
)
def test_polarity_follows_from_verdict_and_assertion(verdict, held, expected):
    assert polarity(verdict, held) == expected


@pytest.mark.parametrize(
    "kind", [RunRecord, ClaimRecord, FindingRecord, AssertionRecord, NotRunRecord, EndRecord]
)
def test_every_field_has_a_docstring(kind):
    import ast
    import inspect

    (body,) = ast.parse(inspect.getsource(kind)).body
    statements = body.body
    documented = {
        field.target.id
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
    assert {field.name for field in fields(kind)} <= documented


def test_a_finding_records_what_evidence_has():
    from circuit_assert.evidence import Finding

    of_scores = {"prompts", "cluster_means", "lowest", "highest"}
    kept = {f.name for f in fields(FindingRecord)} - of_scores
    assert {f.name for f in fields(Finding)} - {"scores"} == kept
