"""Markdown for pull requests: worst first, nothing breaks out of its cell, and it fits."""

import html
import re

import pytest

from circuit_assert.reporting.claimed import Results
from circuit_assert.reporting.markdown import escaped, report
from tests.circuit_assert.reporting.made import HOSTILE, absent, assertion, claim, run


def mixed(**more):
    return Results.of(
        (
            *(claim("a", **more), assertion("a")),
            *(claim("b", "refuted", **more), assertion("b", False)),
            *(claim("c", "inconclusive", reason="too few", **more), assertion("c", False)),
            *(claim("d", "inconclusive", open="few heads", **more), assertion("d", False)),
            absent(),
        )
    )


def test_the_worst_comes_first_and_the_rest_is_folded():
    made = report(mixed(), runs=[run(git_commit="abcdef0123456789", git_dirty=True)])
    places = [
        made.index(part)
        for part in (
            "## Circuit claims: 1 of 4 assertions holds, 2 inconclusive (1 open), 1 test not run\n",
            "commit abcdef012345 with changes, cpu, float32, α = 0.01, seed 0",
            "### ✗ Does not hold (1)",
            "| ✗ refuted | L5H1 is an induction head | gemma | +0.790 &#91;+0.760, +0.820&#93; "
            "attention | above +0.40 | asserted | <code>t.py:4</code> |",
            "### ? Inconclusive (1)",
            "| ? inconclusive | L5H1 is an induction head<br>because too few |",
            "### – Not run (1)",
            "| <code>t.py::test_gpu</code> | needs a GPU |",
            "<details><summary>? open, and still inconclusive (1)</summary>",
            "open: few heads",
            "<details><summary>✓ holding, or with nothing to hold (1)</summary>",
            "| ✓ supported | L5H1",
        )
    ]
    assert places == sorted(places)
    assert made.count("<details>") == made.count("</details>") == 2


def test_nothing_wrong_is_no_section_of_what_is_wrong():
    made = report(Results.of((claim("a"), assertion("a"))))
    assert "Does not hold" not in made
    assert "Not run" not in made
    assert "none judged" not in made


def test_hostile_text_stays_in_its_cell():
    plain = report(mixed())
    more = {"words": HOSTILE, "model": HOSTILE, "file": HOSTILE}
    made = report(mixed(**more), title=HOSTILE)
    assert len(made.splitlines()) == len(plain.splitlines())
    for line, harmless in zip(made.splitlines(), plain.splitlines(), strict=True):
        assert line.count("|") == harmless.count("|")
        assert line.count("<") == harmless.count("<")
        assert "`" not in line
        assert line.replace("\u200b", "").isprintable()
    for steers in ("http://", "[a]", "**", "$x$"):
        assert steers not in made
    for mentions in ("@octocat", "#12 "):  # GitHub looks for them in what it has made of it
        assert mentions not in html.unescape(made)
    assert "alert" in made


def test_what_is_escaped_reads_as_it_was():
    said = 'a | b `c` <d> & "e" [f] *g* _h_ x_y ~i~ $j$ \\k'
    assert html.unescape(escaped(said)) == said
    assert "x_y" in escaped(said)
    assert escaped("ab" * 400).endswith("a…")
    assert len(escaped("ab" * 400)) == 300


@pytest.mark.parametrize("limit", [1000, 3000, 20_000])
def test_it_fits_the_limit_with_whole_rows_and_says_how_many_are_left_out(limit):
    records = [
        each for i in range(40) for each in (claim(f"b{i}", "refuted"), assertion(f"b{i}", False))
    ]
    records += [each for i in range(400) for each in (claim(f"a{i}"), assertion(f"a{i}"))]
    records += [absent(f"t.py::test_{i}") for i in range(30)]
    results = Results.of(records)
    made = report(results, limit=limit)
    assert len(made.encode()) <= limit
    assert made.count("<details>") == made.count("</details>") == 1
    rows = [line for line in made.splitlines() if line.startswith(("| ✗", "| ✓", "| <code>"))]
    assert all(line.endswith("|") for line in rows)
    left_out = sum(int(many) for many in re.findall(r"… (\d+) more rows? left out", made))
    assert len(rows) + left_out == 470
    if any(line.startswith("| ✓") for line in rows):  # the best go first
        assert sum(line.startswith("| ✗") for line in rows) == 40


def test_without_a_limit_nothing_is_left_out():
    results = Results.of([each for i in range(99) for each in (claim(f"{i}"), assertion(f"{i}"))])
    assert "left out" not in report(results)
    assert report(results, limit=10**6) == report(results)
