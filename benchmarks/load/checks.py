"""What has to be so after any run: nothing lost, nothing twice, every line valid."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema

from benchmarks.load.runs import Run
from circuit_assert.ledger import Ledger
from circuit_assert.ledger.schema import json_schema


def each_once(run: Run, tests: int) -> None:
    """Every test has one result, and every claim one line, or its test a line that it did not run.

    Args:
        run: What was done.
        tests: How many there are, with a claim each.

    Raises:
        AssertionError: where it is not so.
    """
    assert run.status is not None, f"the run did not end:\n{run.output[-2000:]}"
    assert not run.broke, run.output[-4000:]
    per_test = Counter(nodeid for nodeid, _ in run.results.elements())
    twice = [nodeid for nodeid, times in per_test.items() if times > 1]
    assert not twice, f"with more than one result: {twice[:5]}"
    assert len(per_test) == tests, f"{len(per_test)} of {tests} tests have a result"
    found = run.ledger
    claims = Counter((each.claim_id, each.nodeid) for each in found.claims)
    assert set(claims.values()) <= {1}, f"judged twice: {claims.most_common(5)}"
    judged = {nodeid for _, nodeid in claims}
    not_run = [each.nodeid for each in found.not_run]
    assert len(set(not_run)) == len(not_run), "told twice that a test did not run"
    assert not judged & set(not_run), "told of a test that it was judged and did not run"
    assert len(claims) + len(not_run) == tests, f"{len(claims)} claims, {len(not_run)} not run"
    assert found.end is not None, "the ledger has no end"


def every_line_is_valid(path: Path, every: int = 1) -> int:
    """Check a ledger by the schema.

    Args:
        path: The file.
        every: Look at one line in so many.

    Returns:
        How many lines it has.

    Raises:
        AssertionError: for a line that is not valid, or no JSON.
    """
    valid = jsonschema.Draft202012Validator(json_schema())
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b"", "the last line was cut off"
    for line in lines[::every]:
        problems = [problem.message for problem in valid.iter_errors(json.loads(line))]
        assert not problems, f"{problems[0]} in {line[:200]!r}"
    return len(lines)


def verdicts(found: Ledger) -> dict[tuple[str, str], str]:
    """(Claim, test) → its verdict."""
    return {(each.claim_id, each.nodeid): each.verdict for each in found.claims}
