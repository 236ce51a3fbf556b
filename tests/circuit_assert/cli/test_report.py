"""`circuit-assert report`."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from circuit_assert.cli.report import command
from circuit_assert.ledger import AssertionRecord, ClaimRecord, LedgerFile, RunRecord

RUN = RunRecord(
    started="2026-03-04T05:06:07+00:00",
    false_pass_rate=0.01,
    seed=0,
    device="cpu",
    dtype="float32",
    fail_on="inconclusive",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two runs of a claim each."""
    monkeypatch.chdir(tmp_path)
    for day, name in ((1, "first"), (2, "second")):
        file = LedgerFile(tmp_path / ".claims" / "runs", datetime(2026, 3, day, tzinfo=UTC))
        file.append(RUN)
        file.append(
            ClaimRecord(claim_id=name, nodeid=name, words=f"{name} it is", verdict="supported")
        )
        file.append(AssertionRecord(claim_id=name, nodeid=name, held=True))
        file.close()
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_a_folder_stands_for_its_runs(folder):
    done = run("-o", "out.html", "--title", "Ours & <theirs>")
    assert (done.exit_code, done.output) == (0, "Report: out.html\n")
    text = (folder / "out.html").read_text()
    assert "first it is" in text
    assert "second it is" in text
    assert "<h1>Ours &amp; &lt;theirs&gt;</h1>" in text


def test_ledgers_can_be_chosen(folder):
    first, _ = sorted((folder / ".claims" / "runs").iterdir())
    assert run(first).exit_code == 0
    text = (folder / "claims.html").read_text()
    assert "first it is" in text
    assert "second it is" not in text


@pytest.mark.parametrize("place", ["nowhere", "broken.jsonl"])
def test_what_is_no_ledger_is_told(folder, place):
    (folder / "broken.jsonl").write_text("{}\n[1\n{}\n")
    done = run(place)
    assert done.exit_code == 1
    assert place in done.output
    assert "Traceback" not in done.output
    assert not (folder / "claims.html").exists()
