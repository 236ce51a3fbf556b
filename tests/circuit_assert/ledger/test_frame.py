"""`load_runs`: every judgement of every run in one table."""

from datetime import UTC, datetime, timedelta

import pytest

from circuit_assert import load_runs
from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    FindingRecord,
    LedgerFile,
    RunRecord,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def write(folder, *records, minutes=0):
    file = LedgerFile(folder, NOW + timedelta(minutes=minutes))
    file.append(
        RunRecord(
            started=NOW.isoformat(),
            git_commit="c" * 40,
            false_pass_rate=0.01,
            seed=0,
            device="cpu",
            dtype="float32",
            fail_on="inconclusive",
        )
    )
    for record in records:
        file.append(record)
    file.close()
    return file.path


def claim(claim_id="a", test="test_y", verdict="supported", **fields):
    findings = (
        FindingRecord(name="gate", role="gate", effect=9.0),
        FindingRecord(name="pattern", effect=0.8, low=0.7, high=0.9, unit="attention"),
    )
    return ClaimRecord(
        claim_id=claim_id,
        nodeid=f"test_x.py::{test}",
        verdict=verdict,
        findings=findings,
        headline=1,
        **fields,
    )


def held(claim_id="a", test="test_y", held=True):
    return AssertionRecord(
        claim_id=claim_id, nodeid=f"test_x.py::{test}", held=held, polarity="asserted",
        outcome="passed",
    )  # fmt: skip


END = EndRecord(ended=NOW.isoformat(), exit_status=0, holm={"a": 0.02}, q_values={"a": 0.03})


@pytest.fixture
def runs(tmp_path):
    """`.claims/runs` with a whole run and one that was killed in the middle of a line."""
    folder = tmp_path / ".claims" / "runs"
    write(folder, claim(), held(), claim("b", verdict="refuted"), END)
    killed = write(folder, claim(), claim("b"), minutes=1)
    killed.write_bytes(killed.read_bytes()[:-30])
    return folder


def test_a_row_has_what_is_known_of_the_run_the_claim_and_its_assertion(runs):
    row = load_runs(runs).iloc[0]
    assert row["run"].startswith("20260304T050607")
    assert (row["git_commit"], row["started"]) == ("c" * 40, NOW.isoformat())
    assert (row["claim_id"], row["verdict"], row["nodeid"]) == (
        "a",
        "supported",
        "test_x.py::test_y",
    )
    assert (row["effect"], row["low"], row["high"], row["unit"]) == (0.8, 0.7, 0.9, "attention")
    assert (row["held"], row["polarity"], row["outcome"]) == (True, "asserted", "passed")
    assert (row["holm"], row["q_value"]) == (0.02, 0.03)


@pytest.mark.parametrize("which", ["runs", ".claims", "str"])
def test_a_folder_of_runs_or_the_one_that_holds_it(runs, which):
    given = {"runs": runs, ".claims": runs.parent, "str": str(runs)}[which]
    found = load_runs(given)
    assert list(found["claim_id"]) == ["a", "b", "a"]
    assert found["run"].nunique() == 2


def test_a_single_file(runs):
    first, killed = sorted(runs.iterdir())
    assert len(load_runs(first)) == 2
    assert len(load_runs(killed)) == 1


def test_a_killed_run_has_no_adjusted_values_and_what_did_not_end_no_assertion(runs):
    found = load_runs(sorted(runs.iterdir())[1])
    assert found["holm"].isna().all()
    assert found["held"].isna().all()


def test_a_claim_of_two_tests_is_two_rows_each_with_its_assertion(tmp_path):
    records = [claim(), held(), claim(test="test_z"), held(test="test_z", held=False), END]
    found = load_runs(write(tmp_path, *records))
    assert list(found["held"]) == [True, False]


def test_no_claims_are_a_table_without_rows(tmp_path, runs):
    found = load_runs(write(tmp_path / "none", END))
    assert len(found) == 0
    assert list(found.columns) == list(load_runs(runs).columns)


def test_a_folder_that_is_not_there_is_an_error_that_says_where_ledgers_are(tmp_path):
    with pytest.raises(CircuitAssertError, match=r"nowhere is no folder .* \.claims/runs"):
        load_runs(tmp_path / "nowhere")
