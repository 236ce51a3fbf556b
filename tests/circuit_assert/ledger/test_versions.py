"""Files of other versions: a real one of schema 1, and one from a future that was made up."""

import json
from pathlib import Path

import pytest

from circuit_assert import load_runs
from circuit_assert.comparison import compare
from circuit_assert.ledger import SCHEMA, read

OLD = Path(__file__).parent / "schema_1.jsonl"


@pytest.fixture
def future(tmp_path):
    """The old file as a later version might write it."""
    lines = [json.loads(line) for line in OLD.read_text().splitlines()]
    for line in lines:
        line["of_the_future"] = {"deep": [1, 2]}
        for finding in line.get("findings", ()):
            finding["also_new"] = None
        if line["record"] == "run":
            line["schema"] = SCHEMA + 7
    lines.insert(1, {"record": "dream", "claim_id": 7})
    lines.insert(3, {"record": "claim_of_claims", "of": []})
    path = tmp_path / "future.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_old_file_is_read():
    found = read(OLD)
    assert found.run is not None
    assert found.run.schema == 1
    assert found.run.options == {}
    assert found.models == ()
    assert {claim.verdict for claim in found.claims} == {"supported", "refuted", "inconclusive"}
    assert found.claims[0].shown is not None
    assert found.claims[0].shown.cluster_means == {}
    assert found.claims[0].file == ""
    assert found.end is not None
    assert not found.truncated


def test_a_file_of_the_future_is_read_as_far_as_it_is_known(future):
    found, old = read(future), read(OLD)
    assert found.run is not None
    assert found.run.schema == SCHEMA + 7
    assert (found.claims, found.assertions, found.end) == (old.claims, old.assertions, old.end)


@pytest.mark.parametrize("which", ["old", "future"])
def test_it_loads_as_a_table(which, future):
    path = OLD if which == "old" else future
    runs = load_runs(path)
    assert len(runs) == len(read(OLD).claims)
    assert runs["effect"].notna().all()
    assert set(runs["verdict"]) == {"supported", "refuted", "inconclusive"}


def test_it_is_compared(future):
    found = compare(read(OLD), read(future))
    assert found.unchanged == len(found.changes) == 3
    assert found.still == {"identical": 3}


def test_an_old_file_is_compared_with_a_new_one(tmp_path):
    """Its findings have no means to pair: intervals that lie apart are all that can be told."""
    lines = [json.loads(line) for line in OLD.read_text().splitlines()]
    for line in lines:
        for finding in line.get("findings", ()):
            finding["cluster_means"] = {"document": {"a": 1.0}}
            for name in ("effect", "low", "high"):
                finding[name] = None if finding.get(name) is None else finding[name] + 100.0
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = compare(read(OLD), read(path))
    assert not found.drifted
    assert {each.drift.basis for each in found.apart} == {"intervals"}
