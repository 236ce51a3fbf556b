"""Ledgers of shards as one: nothing twice, nothing lost, nothing mixed that does not belong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from circuit_assert.cli.merge import command
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    Ledger,
    ModelRecord,
    NotRunRecord,
    RunRecord,
    ScoresRecord,
    as_dict,
    read,
)
from circuit_assert.ledger.merging import MergeError, merged
from circuit_assert.ledger.scores import load_scores, write_scores

RUN = RunRecord(
    started="2026-03-04T05:06:07+00:00",
    false_pass_rate=0.01,
    seed=0,
    device="cpu",
    dtype="float32",
    fail_on="inconclusive",
)
TINY = ModelRecord(model="tiny", fingerprint="ffff")


def claim(name, verdict="supported", **fields):
    made = {"model": "tiny", "fingerprint": "ffff", "p_value": 0.004, "at": f"2026-{name}"}
    return ClaimRecord(claim_id=name, nodeid=f"t.py::{name}", verdict=verdict, **{**made, **fields})


def shard(name, *claims, run=RUN, not_run=(), exit_status=0, killed=False):
    asserted = [AssertionRecord(claim_id=c.claim_id, nodeid=c.nodeid, held=True) for c in claims]
    missing = tuple(NotRunRecord(nodeid=f"t.py::{each}", reason="needs a GPU") for each in not_run)
    end = None if killed else EndRecord(ended="2026-03-05", exit_status=exit_status)
    path = Path(f"/nowhere/{name}.jsonl")
    return Ledger(path, run, (TINY,), tuple(claims), tuple(asserted), missing, end)


def kinds(records):
    return [each.kind for each in records]


ONE = shard("one", claim("a"), claim("c"), not_run=("b",))
OTHER = shard("other", claim("b"), not_run=("z",), exit_status=1)


def test_two_shards_are_one_run():
    records = merged([ONE, OTHER])
    assert kinds(records) == [
        "run", "model", *["claim"] * 3, *["assertion"] * 3, "not_run", "end"
    ]  # fmt: skip
    assert [each.claim_id for each in records[2:5]] == ["a", "b", "c"]
    assert records[8].nodeid == "t.py::z"  # b was run by the other shard
    assert records[-1].exit_status == 1
    assert records[-1].holm == pytest.approx(dict.fromkeys("abc", 0.012))


def test_it_is_the_same_in_any_order_again_and_of_itself(tmp_path):
    once = merged([ONE, OTHER])
    path = tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(as_dict(each)) + "\n" for each in once))
    assert merged([OTHER, ONE]) == once
    assert merged([ONE, OTHER, ONE]) == once
    assert merged([read(path), OTHER]) == once


def test_a_claim_with_two_verdicts_is_named():
    one, against = (
        shard(verdict, claim("a", verdict, sentence="L0H0 is one in tiny"))
        for verdict in ("supported", "refuted")
    )
    with pytest.raises(MergeError, match=r"^L0H0 is one in tiny is refuted in .* and supported in"):
        merged([against, one])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"false_pass_rate": 0.05}, "false-pass rate is 0.01 in .*one.* and 0.05"),
        ({"schema": 1}, "schema is 2 .* and 1"),
        ({"seed": 3}, "seed is 0 .* and 3"),
        ({"options": {"lock_hash": "abc"}}, "by no lock and .*other.* by the lock abc"),
    ],
)
def test_other_conditions_are_refused(fields, said):
    with pytest.raises(MergeError, match=said):
        merged([ONE, replace(OTHER, run=replace(RUN, **fields))])


def test_other_weights_of_one_name_are_refused():
    other = shard("other", claim("b", fingerprint="eeee"))
    with pytest.raises(MergeError, match=r"tiny has the weights ffff in .* and eeee in"):
        merged([ONE, other])


def test_a_killed_shard_leaves_the_whole_without_an_end():
    assert kinds(merged([ONE, replace(OTHER, end=None)]))[-1] == "not_run"


def test_an_assertion_that_failed_once_has_failed():
    failed = replace(ONE.assertions[0], held=False)
    again = replace(ONE, assertions=(failed,))
    for order in ([ONE, again], [again, ONE]):
        found = [each for each in merged(order) if each.kind == "assertion"]
        assert [each.held for each in found] == [False, True]


def test_nothing_is_nothing_to_merge():
    with pytest.raises(MergeError, match="nothing to merge"):
        merged([replace(ONE, run=None)])


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for ledger in (ONE, OTHER):
        path = folder / ledger.path.name
        records = [ledger.run, *ledger.models, *ledger.claims, *ledger.assertions]
        records += [*ledger.not_run, ledger.end]
        path.write_text("".join(json.dumps(as_dict(each)) + "\n" for each in records))
        for each in ledger.claims:
            scores = ScoresRecord(
                claim_id=each.claim_id, nodeid=each.nodeid, criterion="x", units=(0,), values=(1.0,)
            )
            write_scores(path, scores)
    return folder


def test_the_command_merges_a_folder_with_its_scores_and_into_itself(files, tmp_path):
    out = tmp_path / "whole.jsonl"
    done = CliRunner().invoke(command, [str(out), str(files)])
    assert done.exit_code == 0, done.output
    assert done.output == f"2 ledgers merged into {out}: 3 verdicts.\n"
    first = out.read_bytes()
    assert len(load_scores(out)) == 3
    done = CliRunner().invoke(command, [str(out), str(out), str(files / "one.jsonl")])
    assert done.exit_code == 0
    assert out.read_bytes() == first
    assert len(load_scores(out)) == 3


def test_what_cannot_be_merged_writes_nothing(files, tmp_path):
    (files / "third.jsonl").write_text(json.dumps(as_dict(replace(RUN, seed=9))) + "\n")
    out = tmp_path / "whole.jsonl"
    done = CliRunner().invoke(command, [str(out), str(files)])
    assert done.exit_code == 2
    assert "only shards of one run can be merged" in " ".join(done.output.split())
    assert not out.exists()
