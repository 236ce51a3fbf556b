"""The summary table: what it says, and that it fits."""

import unicodedata

import pytest

from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    FindingRecord,
    NotRunRecord,
    as_dict,
)
from circuit_assert.reporting.summary import _short, summary


def claim(claim_id="a", verdict="supported", *, words="L5H1 is an induction head", **more):
    finding = FindingRecord(
        name="pattern", effect=0.79, low=0.76, high=0.82, region="above +0.40", verdict=verdict
    )
    given = {
        "nodeid": f"test_x.py::test_{claim_id}",
        "model": "gemma",
        "fingerprint": "0123456789abcdef",
        "dtype": "float32",
        "device": "cpu",
        "false_pass_rate": 0.01,
        "findings": (finding,),
        "headline": 0,
        "runs": 1,
    }
    return as_dict(ClaimRecord(claim_id=claim_id, verdict=verdict, words=words, **given | more))


def assertion(claim_id="a", held=True, nodeid=None):
    nodeid = nodeid or f"test_x.py::test_{claim_id}"
    return as_dict(AssertionRecord(claim_id=claim_id, nodeid=nodeid, held=held))


def text(records, **options):
    return "\n".join(line.text for line in summary(records, **options))


def prose(records, **options):
    return " ".join(text(records, **options).split())


def the_line(records, word, **options):
    (found,) = [line for line in summary(records, **options) if word in line.text]
    return found


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_nothing_to_say_is_nothing():
    assert summary([]) == []
    assert summary([as_dict(EndRecord(ended="", exit_status=0))]) == []


def test_a_claim_is_a_line_with_its_numbers():
    line = the_line([claim(), assertion()], "L5H1")
    assert line.text == (
        "✓ supported     L5H1 is an induction head                    "
        "+0.790 [+0.760, +0.820]  > +0.40  holds"
    )
    assert line.tone == "good"


def test_claims_are_grouped_by_model():
    records = [claim("a"), claim("b", model="smollm"), claim("c")]
    headings = [line.text for line in summary(records) if line.tone == "heading"]
    assert headings == [
        "gemma (weights 0123456789ab, float32, cpu)",
        "smollm (weights 0123456789ab, float32, cpu)",
    ]


@pytest.mark.parametrize(
    ("verdict", "held", "more", "expected", "tone"),
    [
        ("supported", True, {}, ("✓", "holds"), "good"),
        ("refuted", True, {}, ("✗", "holds"), "good"),
        ("refuted", False, {}, ("✗", "fails"), "bad"),
        ("supported", None, {}, ("✓", "–"), "plain"),
        ("inconclusive", False, {}, ("?", "–"), "undecided"),
        ("inconclusive", False, {"open": "few heads"}, ("?", "open"), "undecided"),
    ],
)
def test_verdict_and_standing_are_said_apart(verdict, held, more, expected, tone):
    mark, standing = expected
    line = the_line([claim("a", verdict, **more), assertion("a", held)], "L5H1")
    assert line.text.startswith(f"{mark} {verdict} ")
    assert line.text.endswith(f"  {standing}")
    assert line.tone == tone


def test_a_claim_of_two_tests_is_one_line():
    records = [
        claim("a"),
        assertion("a", True),
        claim("a", nodeid="test_x.py::test_other"),
        assertion("a", False, "test_x.py::test_other"),
    ]
    line = the_line(records, "L5H1")
    assert line.text.endswith("1 of 2 hold")
    assert line.tone == "bad"
    assert "in test_x.py::test_other" in text(records)
    assert "1 of 2 assertions holds, 0 inconclusive." in text(records)
    assert " 1 run." in text(records)


def test_totals_count_with_correct_plurals():
    one = prose([claim("a"), assertion("a")])
    assert "1 of 1 assertion holds, 0 inconclusive." in one
    assert "At most 0.01 × 1 = 0.01 false supports expected. 1 run." in one
    records = [
        claim("a"),
        assertion("a"),
        claim("b", "refuted"),
        assertion("b"),
        claim("c", "inconclusive", open="few heads"),
        assertion("c", False),
        claim("d", "inconclusive"),
        assertion("d", False),
        claim("e"),
        assertion("e", None),
    ]
    many = prose(records)
    assert "2 of 4 assertions hold, 2 inconclusive (1 open)." in many
    assert "At most 0.01 × 5 = 0.05 false supports expected. 5 runs." in many


def test_claims_at_different_rates_are_summed():
    records = [claim("a"), claim("b", false_pass_rate=0.05)]
    assert "At most 0.06 false supports expected." in text(records)


def test_what_is_undecided_says_why_and_where():
    shown = text([claim("a", "inconclusive", reason="too few clusters", open="to be settled")])
    assert "because too few clusters" in shown
    assert "open: to be settled" in shown
    assert "in test_x.py::test_a" in shown


def test_what_did_not_run_is_listed():
    shown = text([as_dict(NotRunRecord(nodeid="test_x.py::test_g", reason="needs a GPU"))])
    assert shown == "- not run       test_x.py::test_g: needs a GPU"


def test_holm_counts_the_supported_claims_that_stand():
    records = [claim("a"), claim("b"), claim("c", "refuted")]
    shown = prose(records, adjusted={"a": 0.003, "b": 0.02, "c": 1.0})
    assert "Holm: 1 of 2 supported claims stands at a rate of 0.01 for even one false" in shown
    assert "among all 3 claims." in shown
    assert "Holm" not in text([claim("a")], adjusted={"a": 0.003})
    assert "p 0.02" not in shown
    assert "p 0.02" in text(records, adjusted={"a": 0.003, "b": 0.02}, verbose=True)


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize(
    "words",
    ["short", "a very long sentence about heads " * 9, "方向是同一个特征" * 20, "one\ntwo " * 30],
)
def test_no_line_is_wider_than_the_terminal_or_160_columns(width, words):
    records = [
        claim("a", words=words, model="m" * 150),
        claim("b", "inconclusive", words=words, reason=words, open=words, nodeid="n" * 150),
        claim("c", words=words, findings=(), headline=None),
        assertion("a", False, "n" * 150),
        as_dict(NotRunRecord(nodeid="n" * 150, reason=words)),
    ]
    for line in summary(records, width=width, adjusted={"a": 0.5}, verbose=True):
        assert columns(line.text) <= min(width, 160)
        assert "\n" not in line.text


def test_a_long_sentence_goes_on_below():
    words = [f"word{number}" for number in range(20)]
    shown = summary([claim(words=" ".join(words)), assertion()])
    first = next(i for i, line in enumerate(shown) if line.text.startswith("✓ supported"))
    assert shown[first].text.endswith("holds")
    said = " ".join(line.text for line in shown[first:])
    assert [word for word in said.split() if word.startswith("word")] == words


def test_the_end_of_a_long_test_name_is_what_stays():
    nodeid = f"tests/{'n' * 150}.py::test_it"
    line = the_line([claim(nodeid=nodeid), assertion(held=False, nodeid=nodeid)], "in …")
    assert line.text.endswith(".py::test_it")


def test_a_narrow_terminal_puts_the_numbers_on_the_next_line():
    shown = text([claim(words="L5H1 is an induction head in the second block")], width=80)
    first, second = shown.split("\n")[1:3]
    assert first == "✓ supported     L5H1 is an induction head in the second block"
    assert second.strip().startswith("+0.790 [+0.760, +0.820]")


def test_with_room_the_sentence_stays_on_one_line_and_the_table_is_no_wider_than_it_needs():
    words = "ablating L23H3 drops the logit of the indirect object by 0.5 on prompts with two names"
    records = [claim("a", words=words), assertion("a"), claim("b"), assertion("b")]
    wide = [line.text for line in summary(records, width=160) if "+0.790" in line.text]
    assert wide == [
        f"✓ supported     {words}  +0.790 [+0.760, +0.820]  > +0.40  holds",
        f"✓ supported     {'L5H1 is an induction head':<{len(words)}}  "
        "+0.790 [+0.760, +0.820]  > +0.40  holds",
    ]
    at_100 = text(records, width=100)
    assert words not in at_100
    short = [claim("b"), assertion("b")]
    assert text(short, width=160).split("\n\n")[0] == text(short, width=100).split("\n\n")[0]


def test_at_80_columns_the_sentence_comes_first_and_its_numbers_below():
    records = [
        claim(words="ablating L23H3 drops the logit of the name that came last by 0.5 logits")
    ]
    lines = text([*records, assertion()], width=80).splitlines()[:4]
    assert lines == [
        "gemma (weights 0123456789ab, float32, cpu)",
        "✓ supported     ablating L23H3 drops the logit of the name that came last by 0.5",
        "                logits",
        "                +0.790 [+0.760, +0.820]  > +0.40  holds",
    ]


def many(number):
    records = []
    for index in range(number):
        verdict = "refuted" if index == 7 else "supported"
        records += [claim(f"c{index}", verdict, words=f"claim {index}")]
        records += [assertion(f"c{index}", held=index != 7)]
    return records


@pytest.mark.parametrize(
    ("show", "listed"), [("all", 61), (61, 61), (60, 1), ("failed", 1), ("none", 0), (0, 1)]
)
def test_what_has_no_line_is_counted(show, listed):
    shown = prose(many(61), show=show)
    assert sum(f" claim {index} " in shown for index in range(61)) == listed
    said = "61 claims are" if listed == 0 else "60 claims are"
    assert (said + " not listed" in shown) == (listed < 61)
    assert ("--claims-show=all" in shown) == (listed < 61)
    assert "60 of 61 assertions hold" in shown


def test_the_kinds_of_what_is_not_listed_are_named():
    records = [
        *(claim("a"), assertion("a")),
        *(claim("b", "inconclusive", open="few"), assertion("b", False)),
        *(claim("c", "inconclusive"), assertion("c", False)),
        *(claim("d"), assertion("d", None)),
    ]
    shown = prose(records, show="failed")
    assert "3 claims are not listed (1 holding, 1 open, 1 with nothing to hold)" in shown
    assert "? inconclusive" in shown
    assert "4 claims are not listed" in prose(records, show="none")


def test_a_quiet_table_is_one_line_and_what_fails():
    lines = [line.text for line in summary(many(3), quiet=True, show="failed")]
    assert lines == ["3 of 3 assertions hold, 0 inconclusive."]
    lines = [line.text for line in summary(many(9), quiet=True, show="failed")]
    assert lines[1].startswith("✗ refuted       claim 7 ")
    assert lines[-1] == "8 of 9 assertions hold, 0 inconclusive."
    assert len(lines) == 5


def test_many_tests_that_did_not_run_are_counted_by_reason():
    absent = [as_dict(NotRunRecord(nodeid=f"t.py::test_{i}", reason="no GPU")) for i in range(5)]
    assert text(absent, show=5).count("no GPU") == 5
    assert text(absent, show=4) == "- not run       5 tests: no GPU"
    assert text(absent, show="none") == ""
    assert "5 tests not run" in text([*absent, claim()], show="none")


def test_what_steers_a_terminal_is_written_out():
    words = "L5H1 \x1b[31mred\x1b]0;title\x07 \u202eabc\nnew line"
    records = [
        claim(words=words, model="\x1b[2Jgemma", nodeid="t.py::\x1b[1m", verdict="inconclusive"),
        as_dict(NotRunRecord(nodeid="a\x1bb", reason="c\x9bd")),
    ]
    for width in (80, 100, 160):
        for line in summary(records, width=width):
            assert line.text.isprintable(), line.text
    assert "\\x1b[31mred" in text(records)


def test_a_claim_without_numbers_has_a_line_too():
    line = the_line([claim(findings=(), headline=None), assertion()], "L5H1")
    assert line.text.endswith("holds")


def test_a_bound_that_nobody_typed_is_cut_and_another_is_not():
    assert _short("above +0.5493061443340548") == "> +0.5493…"
    assert _short("between +0.12345 and +2.5e-05") == "between +0.12345 and +2.5e-05"
