"""A comparison as text and as Markdown, whatever is in it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from circuit_assert.comparison import compare
from circuit_assert.comparison.compare import Comparison
from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    FindingRecord,
    Ledger,
    RunRecord,
)
from circuit_assert.reporting.ages import age_between
from circuit_assert.reporting.comparison import as_lines, as_markdown, as_text

HOSTILE = (
    '<script>alert("1")</script> | \x1b[31mred\x1b[0m `code` [a](b) @user #1 *b*\n'
    "new\rline \u202ethgir 日本語" + "很" * 80 + "x" * 400
)


def run(verdict, words="L0H0 drops the logit", name="run", **fields):
    claim = ClaimRecord(
        claim_id="abc",
        nodeid=fields.pop("nodeid", "test_x.py::test_y"),
        sentence=f"{words} in tiny",
        words=words,
        model=fields.pop("model", "tiny"),
        verdict=verdict,
        reason=fields.pop("reason", "the scales say so"),
        findings=(FindingRecord(name="drop", effect=0.5, low=0.4, high=0.6, region="above +0.40"),),
        headline=0,
        at="2026-03-04T05:06:08+00:00",
    )
    started = RunRecord(
        started="2026-03-04T05:06:07+00:00",
        false_pass_rate=0.01,
        seed=0,
        device="cpu",
        dtype="float32",
        fail_on="inconclusive",
        versions={"torch": fields.pop("torch", "2.13")},
    )
    asserted = AssertionRecord(claim_id="abc", nodeid=claim.nodeid, polarity="asserted")
    end = EndRecord(ended="2026-03-04T06:00:00+00:00", exit_status=0)
    path = Path(f"/nowhere/{name}.jsonl")
    return Ledger(path, started, (), (claim,), (asserted,), (), end)


def test_what_is_worse_comes_first_with_its_test_and_reason():
    found = compare(run("supported", name="one"), run("refuted", name="two", torch="2.14"))
    assert as_text(found) == (
        "From one (2026-03-04 05:06; tiny) to two (2026-03-04 05:06; tiny).\n"
        "\n"
        "Worse (1)\n"
        "  ✗ supported → refuted  L0H0 drops the logit in tiny\n"
        "      asserted in test_x.py::test_y\n"
        "      drop: +0.500 [+0.400, +0.600] → +0.500 [+0.400, +0.600], above +0.40\n"
        "      because the scales say so\n"
        "\n"
        "Settings that differ\n"
        "  torch: 2.13 → 2.14\n"
        "\n"
        "1 is worse.\n"
        "1 claim compared: 0 unchanged, 1 with another verdict, 0 drifted; 0 not run, 0 appeared,"
        " 0\ndisappeared.\n"
        "Not tested for drift: identical (1)."
    )


def test_markdown_is_a_table():
    found = compare(run("supported", name="one"), run("refuted", name="two"))
    text = as_markdown(found)
    assert text.startswith("**1 is worse.** From one ")
    assert "### Worse (1)\n\n| | claim | |\n|---|---|---|\n| ✗ supported → refuted | " in text


@pytest.fixture
def hostile() -> Comparison:
    before = run("supported", HOSTILE, HOSTILE, model=HOSTILE, nodeid=HOSTILE, torch=HOSTILE)
    after = run("refuted", HOSTILE, reason=HOSTILE, model=HOSTILE, nodeid=HOSTILE)
    return compare(before, after)


def test_text_keeps_its_width_and_moves_no_cursor(hostile):
    lines = as_lines(hostile)
    assert max(cell_len(line.text) for line in lines) <= 100
    assert not re.search(r"[\x00-\x1f\x7f\u202e]", "".join(line.text for line in lines))
    assert any(r"\x1b[31mred" in line.text for line in lines)


def test_nothing_in_markdown_is_markup(hostile):
    text = as_markdown(hostile)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(?<!\\)[`@]", text)
    assert "](b)" not in text
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line[:1] == "|"]
    assert set(cells) == {4}


def test_many_are_cut_short_but_not_what_is_worse(monkeypatch):
    monkeypatch.setattr("circuit_assert.reporting.comparison._MOST", 3)
    one = run("supported", name="one")
    claims = [replace(one.claims[0], claim_id=f"c{n}", words=f"w{n}") for n in range(8)]
    asserted = [
        AssertionRecord(claim_id=f"c{n}", nodeid="t", polarity="asserted") for n in range(8)
    ]
    before = replace(one, claims=tuple(claims), assertions=tuple(asserted))
    after = replace(before, claims=tuple(replace(each, verdict="refuted") for each in claims))
    text = as_text(compare(before, after))
    assert text.count("supported → refuted") == 8
    nothing = replace(one, claims=())
    text = as_text(compare(nothing, after))
    assert text.count("✗ refuted") == 3
    assert "  and 5 more" in text


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-03-07T05:06:08+00:00", "3 days ago"),
        ("2026-03-04T06:06:08+00:00", "1 hour ago"),
        ("2026-03-04T05:11:08+00:00", "5 minutes ago"),
        ("2026-03-04T05:06:09+00:00", "just before"),
        ("", ""),
        ("2026-03-04T06:06:08", ""),
    ],
)
def test_ages(now, said):
    assert age_between("2026-03-04T05:06:08+00:00", now) == said
