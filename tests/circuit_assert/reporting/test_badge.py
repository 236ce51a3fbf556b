"""The badge: well-formed, accessible, and it says what is wrong in words."""

from xml.etree import ElementTree

import pytest

from circuit_assert.reporting.badge import badge
from circuit_assert.reporting.claimed import Results
from tests.circuit_assert.reporting.made import HOSTILE, absent, assertion, claim

NAME = "{http://www.w3.org/2000/svg}"


def drawn(*records, **options):
    root = ElementTree.fromstring(badge(Results.of(records), **options))  # noqa: S314 - our own
    return root, [each.text for each in root.iter(f"{NAME}text")]


@pytest.mark.parametrize(
    ("records", "said", "colour"),
    [
        ((claim("a"), assertion("a")), "✓ 1 of 1 hold", "#2a6f2e"),
        ((claim("a", "refuted"), assertion("a", False)), "✗ 0 of 1 hold", "#b3261e"),
        ((claim("a", "inconclusive"), assertion("a", False)), "? 0 of 1 hold", "#8a5a00"),
        ((claim("a"), assertion("a"), absent()), "✓ 1 of 1 hold, 1 not run", "#2a6f2e"),
        ((), "none judged", "#555"),
    ],
)
def test_it_says_how_many_hold(records, said, colour):
    root, texts = drawn(*records)
    assert texts == ["claims", said]
    assert [each.get("fill") for each in root.iter(f"{NAME}rect")][-1] == colour


def test_it_has_a_title_for_those_who_do_not_see_it():
    root, _ = drawn(claim("a"), assertion("a"))
    title = root.find(f"{NAME}title")
    assert title is not None
    assert root.get("role") == "img"
    assert title.text == root.get("aria-label") == "claims: 1 of 1 assertion holds, 0 inconclusive"


def test_texts_are_inside_and_beside_each_other():
    root, _ = drawn(claim("a"), assertion("a"), label="circuits of gemma")
    left, right = root.iter(f"{NAME}text")
    end = float(left.attrib["x"]) + float(left.attrib["textLength"])
    assert end < float(right.attrib["x"])
    assert float(right.attrib["x"]) + float(right.attrib["textLength"]) < float(
        root.attrib["width"]
    )
    assert 80 < float(left.attrib["textLength"]) < 130


def test_a_hostile_label_is_text():
    root, (label, _) = drawn(label=HOSTILE)
    assert label.startswith("L0H0 <script>alert")
    assert {each.tag.removeprefix(NAME) for each in root.iter()} == {
        "svg", "title", "clipPath", "rect", "g", "text"
    }  # fmt: skip
