"""The sentences that several models share, beside each other: in a terminal and in Markdown."""

import pytest

from circuit_assert.reporting.by_model import by_model
from circuit_assert.reporting.claimed import Results
from circuit_assert.reporting.columns import columns
from circuit_assert.reporting.markdown import report
from circuit_assert.reporting.summary import summary
from tests.circuit_assert.reporting.made import HOSTILE, assertion, claim

STEPS = [f"EleutherAI/pythia-70m@step{n}" for n in (1000, 2000, 3000)]


def records():
    """L5H1 of three checkpoints, of which one is not as its test says; L5H2 of two of them."""
    said = [
        ("L5H1 attends", 0, "refuted", True),
        ("L5H1 attends", 1, "inconclusive", False),
        ("L5H1 attends", 2, "supported", False),
        ("L5H2 copies", 0, "refuted", True),
        ("L5H2 copies", 2, "supported", True),
        ("L5H3 is of one model", 2, "supported", True),
    ]
    for number, (words, step, verdict, held) in enumerate(said):
        name = str(number)
        yield claim(name, verdict, words=words, model=STEPS[step], claim_type="made")
        yield assertion(name, held)


def results():
    return Results.of(tuple(records()))


def test_a_row_is_a_sentence_and_a_column_a_checkpoint():
    assert by_model(results().claims, 100) == [
        "Claimed of several models (– not claimed of it, ! not what its tests say):",
        "              step1000  step2000  step3000",
        "L5H1 attends  ✗         ?         ✓!",
        "L5H2 copies   ✗         –         ✓",
    ]


def test_where_names_have_no_room_columns_are_numbered():
    lines = by_model(results().claims, 48)
    assert lines[-4:] == [
        "              1  2  3",
        "L5H1 attends  ✗  ?  ✓!",
        "L5H2 copies   ✗  –  ✓",
        "1 step1000, 2 step2000, 3 step3000",
    ]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_too_wide_or_steers_a_terminal(width):
    more = {"claim_type": "made", "words": f"{HOSTILE} {'long ' * 40}"}
    hostile = [claim("x", model=f"{HOSTILE} 1", **more), claim("y", model=f"{HOSTILE} 2", **more)]
    lines = by_model(Results.of(tuple(hostile)).claims, width)
    assert lines
    assert all(columns(line) <= width and line.isprintable() for line in lines)


def test_of_many_the_rest_is_counted():
    assert by_model(results().claims, 100, most=1)[-1] == "… and 1 more sentence"


def test_checkpoints_are_in_the_order_of_their_numbers_whenever_they_were_judged():
    names = ["m@step1000", "other", "m@step16", "m@step256", "m"]
    claims = [claim(str(n), model=name, claim_type="made") for n, name in enumerate(names)]
    heads = by_model(Results.of(tuple(claims)).claims, 120)[1].split()
    assert heads == ["m", "m@step16", "m@step256", "m@step1000", "other"]


def test_there_is_none_where_no_sentence_is_shared():
    alone = Results.of((claim("a", words="one"), claim("b", words="other", model="smollm")))
    assert by_model(alone.claims, 100) == []
    assert "several models" not in report(alone)


def test_the_same_words_of_another_kind_of_claim_are_another_sentence():
    kinds = (claim("a", claim_type="one"), claim("b", claim_type="other", model="smollm"))
    assert by_model(Results.of(kinds).claims, 100) == []


def test_the_table_of_a_run_has_it_before_the_totals():
    lines = [line.text for line in summary(tuple(records()))]
    place = lines.index("L5H2 copies   ✗         –         ✓")
    assert any("assertions hold" in line for line in lines[place:])
    assert not any("step1000  step2000" in line.text for line in summary(records(), show="none"))
    assert not any("step1000  step2000" in line.text for line in summary(records(), quiet=True))


def test_markdown_has_it_folded():
    made = report(results())
    assert "<summary>Claimed of several models (2)</summary>" in made
    assert "| claim | step1000 | step2000 | step3000 |\n|---|---|---|---|\n" in made
    row = "| L5H1 attends | ✗ refuted | ? inconclusive | ✓ supported **(fails)** |\n"
    assert row in made
    assert "| L5H2 copies | ✗ refuted | – | ✓ supported |\n" in made
    assert row not in report(results(), limit=1000)  # what is worse comes first
