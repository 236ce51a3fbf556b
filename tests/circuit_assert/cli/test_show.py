"""Which claim is meant, and how it is drawn in a terminal, a pipe, and without colour."""

import pytest

from tests.circuit_assert.reporting.made import HOSTILE, assertion, claim, finding

HEADS = {"aaaa11112222": "L5H1", "aaaa33334444": "L5H10", "bbbb55556666": "L2H3"}


@pytest.fixture
def three(keep):
    records = []
    for claim_id, head in HEADS.items():
        verdict = "refuted" if head == "L2H3" else "supported"
        records.append(claim(claim_id, verdict, words=f"{head} is an induction head"))
        records.append(assertion(claim_id))
    keep("20260101", *records)


@pytest.mark.parametrize(
    "meant",
    [
        "aaaa11112222",
        "aaaa1",
        "L5H1",
        "l5h1",
        "L5H1 is an induction head",
        "L5H1 is an induction head in gemma",
        "t.py::test_aaaa11112222",
        "test_aaaa11112222",
    ],
)
def test_a_claim_by_id_address_test_or_words(command, three, meant):
    result = command("show", *meant.split())
    assert result.exit_code == 0, result.output
    assert result.output.startswith("L5H1 is an induction head in gemma: ✓ supported")


def test_the_sentence_itself_goes_before_one_that_has_all_its_words(command, keep):
    keep("1", claim("a"), claim("b", words="L5H1 is an induction head after all"))
    assert "claim        a," in command("show", "L5H1 is an induction head").output


@pytest.mark.parametrize("meant", ["induction head", "aaaa", "h"])
def test_where_several_are_meant_they_are_listed(command, three, meant):
    result = command("show", meant)
    assert result.exit_code == 1
    number = 2 if meant == "aaaa" else 3
    assert f"{meant!r} may be any of {number} claims" in result.output
    assert "  aaaa11112222  ✓ supported     L5H1 is an induction head in gemma" in result.output
    assert ("bbbb55556666  ✗ refuted" in result.output) == (number == 3)


def test_where_none_is_meant_the_nearest_are_named(command, three):
    result = command("show", "L2H4 is an induction hed")
    assert result.exit_code == 1
    assert "no claim is 'L2H4 is an induction hed'. The nearest:" in result.output
    assert result.output.splitlines()[1].strip().startswith("bbbb55556666")


def test_less_than_four_letters_are_no_beginning_of_an_id(command, three):
    assert "no claim is 'bbb'" in command("show", "bbb").output
    assert command("show", "bbbb").exit_code == 0


def test_no_ledger_is_said(command, tmp_path):
    assert "Path '.claims' does not exist" in command("show", "x").output
    (tmp_path / ".claims" / "runs").mkdir(parents=True)
    assert "holds no ledger" in command("show", "x").output


def test_the_latest_run_that_has_it_is_shown(command, keep):
    keep("20260101", claim("a", "refuted", at="2026-01-01T10:00:00"), git_commit="1111111111")
    keep("20260102", claim("a", at="2026-01-02T10:00:00"), git_commit="2222222222")
    keep("20260103", claim("b", at="2026-01-03T10:00:00"))
    output = command("show", "a").output
    assert output.startswith("L5H1 is an induction head in gemma: ✓ supported")
    assert "run          20260102" in output
    assert output.index("2026-01-02 10:00") < output.index("2026-01-01 10:00")


def test_a_ledger_can_be_named(command, keep):
    path = keep("20260101", claim("a", "refuted"))
    keep("20260102", claim("a"))
    assert "✗ refuted" in command("show", "a", "--ledger", str(path)).output.splitlines()[0]


def test_a_pipe_gets_no_colour_and_no_harm(command, keep):
    keep("1", claim("a", words=HOSTILE, findings=(finding(name=HOSTILE),)), assertion("a"))
    output = command("show", "a").output
    assert all(line.isprintable() for line in output.splitlines())


def test_colour_is_only_where_it_is_wanted(command, three, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in command("show", "L5H1").output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in command("show", "L5H1").output


@pytest.mark.parametrize("columns", [60, 100])
def test_it_is_as_wide_as_the_terminal(command, keep, monkeypatch, columns):
    keep("1", claim("a", reason="because it is so " * 20), assertion("a"))
    monkeypatch.setenv("COLUMNS", str(columns))
    widths = [len(line) for line in command("show", "a").output.splitlines()]
    assert columns - 20 < max(widths) <= columns
