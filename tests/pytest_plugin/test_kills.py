"""SIGKILL at any moment: what was judged is kept, whole and once."""

import json
import signal
from collections import Counter
from pathlib import Path

import jsonschema

from circuit_assert.ledger import read
from circuit_assert.ledger.schema import json_schema

MANY = """
    import os, pathlib, signal, pytest

    HERE = pathlib.Path(__file__).parent

    def note(name):
        with open(HERE / "judged.txt", "a") as file:
            file.write(name + "\\n")

    @pytest.mark.parametrize("n", range(8))
    def test_many(tiny, weighs, n):
        assert weighs(tiny[f"L{n // 4}H{n % 4}"], 2)
        note(str(n))
        if n == 5 and not (HERE / "killed.txt").exists():
            (HERE / "killed.txt").touch()
            os.kill(WHOM, signal.SIGKILL)
"""
HALF_A_LINE = """

def kill_in_the_middle():
    import os, signal
    from circuit_assert.ledger import LedgerFile, as_dict
    import json

    append, lines = LedgerFile.append, []

    def half(self, record):
        lines.append(record)
        if len(lines) == 9:
            text = json.dumps(as_dict(record)).encode()
            os.write(self._descriptor, text[: len(text) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        append(self, record)

    LedgerFile.append = half


kill_in_the_middle()
"""


def test_a_kill_in_the_middle_of_a_line_loses_that_line(suite):
    conftest = suite.path / "conftest.py"
    conftest.write_text(conftest.read_text() + HALF_A_LINE)
    result = suite.run_apart(MANY.replace("WHOM", "0"), "-k", "not 5")
    assert result.ret == -signal.SIGKILL
    found = suite.ledger
    assert found.truncated
    # run, model, then a claim and an assertion for each test; the ninth line was cut off
    assert len(found.claims) == 3
    assert len(found.assertions) == 3
    written = [json.loads(line) for line in found.path.read_bytes().split(b"\n")[:-1]]
    assert len(written) == 8


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_written_twice(suite):
    result = suite.run(MANY.replace("WHOM", "os.getpid()"), "-n", "2")
    assert result.ret == 1
    found = suite.ledger
    counts = Counter((claim.claim_id, claim.nodeid) for claim in found.claims)
    assert set(counts.values()) == {1}
    judged = (suite.path / "judged.txt").read_text().split()
    assert len(counts) == len(judged) == 8
    assert found.end is not None


def test_what_runs_write_is_valid_by_the_schema(suite):
    suite.run(suite.mixed, "--claims-seed=4")
    valid = jsonschema.Draft202012Validator(json_schema())
    (file,) = suite.files
    lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
    assert {line["record"] for line in lines} == {"run", "model", "claim", "assertion", "end"}
    for line in lines:
        assert not [error.message for error in valid.iter_errors(line)]
    assert read(file).end is not None
