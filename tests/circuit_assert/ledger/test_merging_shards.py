"""Shards of a split run as one: none missing, none of another split, killed ones run again."""

import itertools
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
    FindingRecord,
    Ledger,
    RunRecord,
    as_dict,
    read,
)
from circuit_assert.ledger.merging import MergeError, merged, run_again

RUN = RunRecord(
    started="2026-03-04T05:06:07+00:00",
    git_commit="abc",
    git_dirty=False,
    versions={"circuit-assert": "1", "torch": "2.13"},
    false_pass_rate=0.01,
    seed=0,
    device="cpu",
    dtype="float32",
    fail_on="inconclusive",
    options={"ledger": "/here/.claims/runs", "split": "s"},
    platform="Linux",
)


def claim(name, verdict="supported", **fields):
    made = {"model": "tiny", "fingerprint": "ffff", "p_value": 0.004, "at": f"2026-{name}"}
    made |= {"nodeid": f"t.py::{name}"}
    return ClaimRecord(claim_id=name, verdict=verdict, **{**made, **fields})


def shard(which, *claims, name="", exit_status=0, ended=True, **fields):
    """A shard's ledger; without an end it was killed."""
    options = RUN.options | fields.pop("options", {}) | {"shard": which}
    arguments = ("hypotheses", f"--claims-shard={which}", "-q")
    run = replace(RUN, **{"options": options, "arguments": arguments, **fields})
    asserted = tuple(
        AssertionRecord(claim_id=c.claim_id, nodeid=c.nodeid, held=True) for c in claims
    )
    end = EndRecord(ended="2026-03-05", exit_status=exit_status) if ended else None
    path = Path(f"/nowhere/{name or which.replace('/', '-of-')}.jsonl")
    return Ledger(path, run, (), tuple(claims), asserted, (), end)


ONE, TWO, THREE = (shard(f"{n}/3", claim(name)) for n, name in enumerate("abc", start=1))


def again(records):
    """What was merged, as a ledger."""
    return Ledger.of(Path("/nowhere/merged.jsonl"), records)


def names(records):
    return [each.claim_id for each in records if each.kind == "claim"]


def test_the_whole_says_every_shard_and_no_argument_of_one():
    run, *_, end = records = merged([THREE, ONE, TWO])
    assert run.options == {"ledger": "/here/.claims/runs", "shard": "1,2,3/3", "split": "s"}
    assert run.arguments == ("hypotheses", "-q")
    assert names(records) == ["a", "b", "c"]
    assert end.exit_status == 0
    assert len(end.holm) == 3


@pytest.mark.parametrize("left", [(1,), (0, 2)])
def test_a_missing_shard_is_named(left):
    given = [each for place, each in enumerate((ONE, TWO, THREE)) if place not in left]
    missing = {(1,): "shard 2/3 is missing: run it,", (0, 2): "shards 1/3 and 3/3 are missing"}
    with pytest.raises(MergeError, match=missing[left]):
        merged(given)
    (run, *_) = merged(given, partial=True)
    assert run.options["shard"] == {(1,): "1,3/3", (0, 2): "2/3"}[left]


def test_it_is_the_same_in_any_order_again_and_of_parts():
    once = merged([ONE, TWO, THREE])
    for order in itertools.permutations([ONE, TWO, THREE]):
        assert merged(order) == once
        part = again(merged(order[:2], partial=True))
        assert merged([part, order[2]]) == once
        assert merged([order[2], part, order[0], part]) == once
    assert merged([again(once)]) == once
    assert merged([again(once), ONE, TWO]) == once


KILLED = shard("2/3", claim("b"), name="killed", ended=False)


@pytest.mark.parametrize(
    "stopped", [KILLED, shard("2/3", claim("b"), name="killed", exit_status=2)]
)
def test_a_killed_shard_is_missing_until_it_is_run_again(stopped):
    with pytest.raises(MergeError, match=r"shard 2/3 is missing \(/nowhere/killed.jsonl: killed"):
        merged([ONE, stopped, THREE])
    records = merged([ONE, stopped, TWO, THREE])
    assert names(records) == ["a", "b", "c"]
    assert records[-1].exit_status == 0
    assert run_again([ONE, stopped, TWO, THREE]) == [
        "shard 2/3: killed.jsonl did not come to its end, 2-of-3.jsonl did; what both judged "
        "counts once."
    ]
    part = again(merged([ONE, stopped, THREE], partial=True))
    assert part.run.options["shard"] == "1,3/3"
    assert names(merged([part, TWO])) == ["a", "b", "c"]


def test_a_killed_shard_alone_stays_killed():
    (run, *rest) = merged([KILLED], partial=True)
    assert run.options["shard"] == "2/3"
    assert rest[-1].kind == "assertion"


def test_a_run_again_that_differs_is_refused():
    against = shard("2/3", claim("b", "refuted"))
    with pytest.raises(MergeError, match=r"b is supported in .*killed.jsonl and refuted in"):
        merged([ONE, KILLED, against, THREE])


def test_a_shard_that_failed_fails_the_whole():
    failed = shard("2/3", claim("b"), name="failed", exit_status=1)
    assert merged([ONE, failed, TWO, THREE])[-1].exit_status == 1


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (shard("2/4", claim("b")), "is shard 1/3 and .* shard 2/4: only shards of one split"),
        (shard("2/3", claim("b"), options={"split": "t"}), "two splits, so a test may be in"),
        (shard("2/3", claim("b"), dtype="bfloat16"), "default dtype is float32 .* and bfloat16"),
        (shard("2/3", claim("b"), git_commit="def"), "commit of the tests is abc .* and def"),
        (shard("2/3", claim("b"), git_commit=None), "commit of the tests is abc .* and not known"),
        (
            shard("2/3", claim("b"), versions={"circuit-assert": "2"}),
            "circuit-assert is 1 .* and 2 .*: run all shards with the same",
        ),
        (shard("2/3", claim("b"), options={"model": "x"}), "model is not known .* and x"),
        (replace(TWO, run=replace(TWO.run, options={})), "is shard 1/3 and .* the run of no shard"),
        (shard("2/3", claim("a", "refuted")), "a is supported in .* and refuted in"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("partial", [False, True])
def test_what_does_not_belong_is_refused_also_in_part(other, said, partial):
    with pytest.raises(MergeError, match=said):
        merged([ONE, other, THREE], partial=partial)


def test_a_model_in_two_dtypes_is_two_and_other_weights_of_one_are_refused():
    half = shard("2/3", claim("b", dtype="bfloat16", fingerprint="eeee"))
    assert names(merged([ONE, half, THREE])) == ["a", "b", "c"]
    other = shard("3/3", claim("c", dtype="bfloat16", fingerprint="dddd"))
    with pytest.raises(MergeError, match=r"tiny \(bfloat16\) has the weights eeee in .* dddd in"):
        merged([ONE, half, other])


def test_what_machines_differ_in_is_said_and_what_they_share_is_kept():
    other = shard(
        "2/3", claim("b"), device="cuda", git_dirty=True, versions=RUN.versions | {"torch": "2.12"}
    )
    other = replace(other, run=replace(other.run, options=other.run.options | {"ledger": "/x"}))
    run = merged([ONE, other, THREE])[0]
    assert (run.device, run.git_dirty) == ("cpu; cuda", True)
    assert run.versions == {"circuit-assert": "1", "torch": "2.12; 2.13"}
    assert run.options == {"shard": "1,2,3/3", "split": "s"}
    assert merged([again(merged([ONE, other], partial=True)), THREE])[0] == run


@pytest.fixture
def files(tmp_path):
    """`files(*ledgers)` writes them into a folder."""

    def write(*ledgers):
        for ledger in ledgers:
            records = [ledger.run, *ledger.claims, *ledger.assertions, ledger.end]
            lines = [json.dumps(as_dict(each)) for each in records if each is not None]
            (tmp_path / ledger.path.name).write_text("\n".join(lines) + "\n")
        return tmp_path

    return write


def test_the_command_says_which_shards(files):
    folder = files(
        ONE, KILLED, replace(TWO, run=replace(TWO.run, versions={**RUN.versions, "torch": "3"}))
    )
    out = folder / "out" / "whole.jsonl"
    out.parent.mkdir()
    done = CliRunner().invoke(command, [str(out), str(folder)])
    assert done.exit_code == 2
    assert "shard 3/3 is missing: run it, or merge what" in " ".join(done.output.split())
    assert not out.exists()
    done = CliRunner().invoke(command, [str(out), str(folder), "--partial"])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"3 ledgers merged into {out}: 2 verdicts.",
        "shard 2/3: killed.jsonl did not come to its end, 2-of-3.jsonl did; what both judged "
        "counts once.",
        "A part of the run: shard 3/3 missing.",
        "The shards ran under several versions of torch: 2.13; 3.",
    ]
    assert read(out).run.options["shard"] == "1,2/3"


def test_claims_are_not_written_out_to_be_compared(monkeypatch):
    """Of 10,000 claims in four shards, what has no double needs no look inside."""
    finding = FindingRecord(name="x", cluster_means={"c": {str(n): 0.5 for n in range(20)}})
    every = [claim(f"c{n:05}", findings=(finding,)) for n in range(10_000)]
    looked = []
    written = ClaimRecord.__repr__
    monkeypatch.setattr(ClaimRecord, "__repr__", lambda self: looked.append(1) or written(self))
    shards = [shard(f"{n + 1}/4", *every[n::4]) for n in range(4)]
    assert len(merged([*shards, shards[0]])) == 1 + 2 * len(every) + 1
    assert not looked
