"""The ledgers of the benchmark are ledgers, and are compared as they were made."""

import json

import jsonschema

from benchmarks import __main__ as command
from benchmarks.speed.records import with_records, write_ledger
from circuit_assert import load_runs
from circuit_assert.comparison import compare
from circuit_assert.ledger import read
from circuit_assert.ledger.schema import json_schema


def test_they_are_valid_and_compared_as_they_were_made(tmp_path):
    before = write_ledger(tmp_path / "before.jsonl", 200)
    after = write_ledger(tmp_path / "after.jsonl", 200, later=True)
    valid = jsonschema.Draft202012Validator(json_schema())
    for line in before.read_text().splitlines()[:20]:
        assert valid.is_valid(json.loads(line))
    assert len(load_runs(before)) == 200
    found = compare(read(before), read(after))
    assert len(found.drifted) == 20
    assert len(found.newly("inconclusive")) == 4
    assert len(found.appeared) == 2
    assert [each.differs for each in found.disappeared] == [{"by": ("0.4", "0.5")}] * 2
    assert found.exit_status() == 1


def test_each_step_is_timed_on_a_process_of_its_own():
    found = with_records(50)
    assert [each.record["claims"] for each in found] == [50, 50, 50]
    for each in found:
        assert 0 < each.seconds < 20
        assert 0 < each.peak < 1 << 30
    assert command.BENCHMARKS["records"] is with_records
