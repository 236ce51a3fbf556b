"""Text that fits, and that steers no terminal."""

import pytest

from circuit_assert.reporting.columns import columns, cut, cut_in_front, one_line, padded, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain ' words", "plain ' words"),
        ("a\nb\tc", "a⏎b⇥c"),
        ("\x1b[31m\x00\r", "\\x1b[31m\\x00\\r"),
        ("\x9b\u202e\ufeff\u2028", "\\x9b\\u202e\\ufeff\\u2028"),
        ("方向 \u200d é \xa0 😀", "方向 \u200d é \xa0 😀"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_steers_is_written_out_and_the_rest_is_as_it_was(text, seen):
    assert visible(text) == seen


def test_one_line_has_no_breaks():
    assert one_line(" a\n\n b \x1b\tc ") == "a b \\x1b c"


def test_a_wide_letter_takes_two_columns():
    assert columns("方x") == 3
    assert padded("方", 4) == "方  "
    assert cut("方向方向", 5) == "方向…"
    assert cut_in_front("abcdef", 4) == "…def"
    assert cut("abc", 3) == "abc"
