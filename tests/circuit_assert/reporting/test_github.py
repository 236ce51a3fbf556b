"""Annotations for GitHub's runner."""

import re

from circuit_assert.reporting.claimed import Results
from circuit_assert.reporting.github import annotations
from tests.circuit_assert.reporting.made import HOSTILE, absent, assertion, claim


def refuted(number, **more):
    return [
        record
        for index in range(number)
        for record in (claim(f"r{index}", "refuted", **more), assertion(f"r{index}", False))
    ]


def test_each_is_at_the_users_line_and_says_what_was_found():
    undecided = (claim("c", "inconclusive", reason="too few"), assertion("c", False))
    made = annotations(Results.of((*refuted(1), *undecided, absent())))
    assert made == [
        "::error file=t.py,line=4,title=L5H1 is an induction head%3A refuted::"
        "L5H1 is an induction head in gemma: refuted%0A"
        "+0.790 [+0.760, +0.820] attention, above +0.40%0A"
        "in t.py::test_r0; claim r0",
        "::warning file=t.py,line=4,title=L5H1 is an induction head%3A inconclusive::"
        "L5H1 is an induction head in gemma: inconclusive%0A"
        "+0.790 [+0.760, +0.820] attention, above +0.40%0Atoo few%0A"
        "in t.py::test_c; claim c",
        "::notice::1 test of claims not run: needs a GPU",
    ]


def test_what_holds_or_is_open_has_none():
    fine = (claim("a"), assertion("a"))
    still_open = (claim("b", "inconclusive", open="few"), assertion("b", False))
    assert annotations(Results.of((*fine, *still_open))) == []


def test_hostile_text_starts_no_command_and_no_property():
    made = annotations(Results.of(refuted(1, words=HOSTILE, file="a,b:c%.py")))
    (line,) = made
    assert line.isprintable()
    found = re.fullmatch(r"::error file=([^,:]*),line=4,title=([^,:]*)::(.*)", line)
    assert found is not None
    assert found[1] == "a%2Cb%3Ac%25.py"
    assert "%250A" in found[3]


def test_at_most_ten_of_a_kind_the_last_counts_the_rest():
    assert len(annotations(Results.of(refuted(10)))) == 10
    made = annotations(Results.of(refuted(13)))
    assert len(made) == 10
    assert made[-1] == "::error::… and 4 more do not hold: see the log."


def test_files_are_seen_from_the_checkout():
    made = annotations(Results.of(refuted(1)), folder="sub/tests")
    assert "file=sub/tests/t.py,line=4" in made[0]
    assert annotations(Results.of(refuted(1, line=None)))[0].startswith("::error file=t.py,title=")
