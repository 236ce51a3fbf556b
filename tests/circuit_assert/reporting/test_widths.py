"""The whole table of a run at three widths, letter by letter."""

import pytest

from circuit_assert.reporting.summary import summary
from tests.circuit_assert.reporting.made import absent, assertion, claim, finding

LONG = "Ablating L23H3 drops the logit of the indirect object by 0.5 on prompts with two names"
RECORDS = [
    *(claim("a", fingerprint="0123456789abcdef", dtype="float32", device="cpu"), assertion("a")),
    claim(
        "b", "refuted", words=LONG, fingerprint="0123456789abcdef", dtype="float32", device="cpu",
        findings=(finding(effect=0.13, low=0.085, high=0.177, region="above +0.50"),),
    ),
    assertion("b", False),
    claim(
        "c", "inconclusive", words="L2H3 copies", reason="too few clusters", open="to be settled",
        fingerprint="0123456789abcdef", dtype="float32", device="cpu", findings=(), headline=None,
    ),
    assertion("c", False),
    absent(),
]  # fmt: skip

AT_80 = """
gemma (weights 0123456789ab, float32, cpu)
✓ supported     L5H1 is an induction head
                +0.790 [+0.760, +0.820]  > +0.40  holds
✗ refuted       Ablating L23H3 drops the logit of the indirect object by 0.5 on
                prompts with two names
                +0.130 [+0.085, +0.177]  > +0.50  fails
                in t.py::test_b
? inconclusive  L2H3 copies
                open
                because too few clusters
                open: to be settled
                in t.py::test_c
- not run       t.py::test_gpu: needs a GPU

1 of 3 assertions holds, 1 inconclusive (1 open), 1 test not run. At most 0.01 ×
3 = 0.03 false supports expected. 0 runs.
✓ interval inside the region, ✗ outside, ? neither. Columns: claim, effect
[interval], region, whether what its tests assert of it holds (– nothing to
hold).
"""
AT_100 = """
gemma (weights 0123456789ab, float32, cpu)
✓ supported     L5H1 is an induction head                    +0.790 [+0.760, +0.820]  > +0.40  holds
✗ refuted       Ablating L23H3 drops the logit of the        +0.130 [+0.085, +0.177]  > +0.50  fails
                indirect object by 0.5 on prompts with two
                names
                in t.py::test_b
? inconclusive  L2H3 copies                                                                    open
                because too few clusters
                open: to be settled
                in t.py::test_c
- not run       t.py::test_gpu: needs a GPU

1 of 3 assertions holds, 1 inconclusive (1 open), 1 test not run. At most 0.01 × 3 = 0.03 false
supports expected. 0 runs.
✓ interval inside the region, ✗ outside, ? neither. Columns: claim, effect [interval], region,
whether what its tests assert of it holds (– nothing to hold).
"""


def at(width):
    return "\n" + "".join(f"{line.text}\n" for line in summary(RECORDS, width=width))


@pytest.mark.parametrize(("width", "expected"), [(80, AT_80), (100, AT_100)])
def test_the_table_at_80_and_100_columns(width, expected):
    assert at(width) == expected


def test_the_table_at_160_columns():
    lines = at(160).splitlines()[1:]
    room = len(LONG)
    assert lines[:4] == [
        "gemma (weights 0123456789ab, float32, cpu)",
        f"✓ supported     {'L5H1 is an induction head':<{room}}  +0.790 [+0.760, +0.820]  > +0.40  "
        "holds",
        f"✗ refuted       {LONG}  +0.130 [+0.085, +0.177]  > +0.50  fails",
        "                in t.py::test_b",
    ]
    assert max(map(len, lines)) <= 160


def test_tones_are_what_the_words_say_too():
    tones = {
        line.text.split()[1]: line.tone
        for line in summary(RECORDS)
        if line.text.startswith(("✓", "✗", "?"))
    }
    assert tones == {
        "supported": "good",
        "refuted": "bad",
        "inconclusive": "undecided",
        "interval": "faint",
    }
