"""`circuit-assert compare`: which runs are meant, and what the exit status says."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from circuit_assert.cli.compare import command
from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.folders import find_run, previous_run, runs_of, save_run, saved_in

RUN = {
    "record": "run",
    "schema": 2,
    "started": "2026-03-04T05:06:07+00:00",
    "false_pass_rate": 0.01,
    "seed": 0,
    "device": "cpu",
    "dtype": "float32",
    "fail_on": "inconclusive",
}
CLAIM = {"record": "claim", "claim_id": "abc", "nodeid": "t.py::t", "sentence": "L0H0 is one"}
ASSERTED = {"record": "assertion", "claim_id": "abc", "nodeid": "t.py::t", "polarity": "asserted"}


@pytest.fixture
def folder(tmp_path):
    """`.claims` with two runs: supported, then refuted."""
    runs = tmp_path / ".claims" / "runs"
    runs.mkdir(parents=True)
    for name, verdict in (("20260304T1", "supported"), ("20260305T1", "refuted")):
        lines = [RUN, {**CLAIM, "verdict": verdict}, ASSERTED]
        (runs / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    return tmp_path / ".claims"


@pytest.fixture
def call(folder):
    def run(*arguments):
        return CliRunner().invoke(command, [*map(str, arguments), "--folder", str(folder)])

    return run


def test_what_is_worse_exits_with_one(call):
    done = call("previous", "last")
    assert done.exit_code == 1
    assert "✗ supported → refuted  L0H0 is one" in done.output
    assert "20260304T1 (2026-03-04 05:06, not ended;" in done.output


def test_what_is_better_exits_with_zero(call):
    done = call("last", "previous")
    assert done.exit_code == 0
    assert "Nothing is worse." in done.output


def test_the_second_is_the_latest_by_default(call):
    assert call("20260304T1").output == call("previous", "last").output


def test_paths_and_saved_names(call, folder):
    first, _ = runs_of(folder)
    save_run(first, first.parent, "release-1")
    assert saved_in(folder) == {"release-1": folder / "saved" / "release-1" / "release-1.jsonl"}
    assert call("release-1", "last").exit_code == 1
    assert call(first, first).exit_code == 0


@pytest.mark.parametrize("name", ["nothing", "20260304T2"])
def test_what_is_not_there_is_a_usage_error_that_names_the_nearest(call, name):
    done = call(name, "last")
    assert done.exit_code == 2
    assert "20260304T1" in done.output


def test_a_broken_ledger_is_a_usage_error(call, tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n{}\n")
    done = call(broken, "last")
    assert done.exit_code == 2
    assert "line 1 is no record" in done.output


def test_markdown_to_a_file(call, tmp_path):
    done = call("previous", "last", "--markdown", "-o", tmp_path / "out.md")
    assert done.exit_code == 1
    assert done.output == ""
    assert (tmp_path / "out.md").read_text().startswith("**1 is worse.**")


def test_an_empty_folder_has_no_last_run(tmp_path):
    with pytest.raises(CircuitAssertError, match="has 0 runs, so none is the last one"):
        find_run("last", tmp_path)


def test_the_previous_run_is_one_that_judged_something(folder):
    runs = folder / "runs"
    (runs / "20260304T2.jsonl").write_text(json.dumps(RUN) + "\n")
    assert previous_run(runs, runs / "20260305T1.jsonl") == runs / "20260304T1.jsonl"
    assert previous_run(runs, runs / "20260304T1.jsonl") is None


def test_a_save_that_fails_leaves_the_one_before(folder, monkeypatch):
    first, second = runs_of(folder)
    kept = save_run(first, first.parent, "release-1")
    monkeypatch.setattr("shutil.copyfile", lambda *_: os.stat("/nowhere/at/all"))
    with pytest.raises(OSError, match="nowhere"):
        save_run(second, second.parent, "release-1")
    assert Path(kept).read_bytes() == first.read_bytes()
    assert list(saved_in(folder)) == ["release-1"]
