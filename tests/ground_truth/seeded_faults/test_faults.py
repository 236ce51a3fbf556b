"""Every fault of this folder is noticed, by what the page about them says, and nothing else is."""

import re
import runpy
from pathlib import Path

import pytest

from circuit_assert.components import Head
from circuit_assert.stats import Verdict

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "seeded-faults.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| (.+) \|$", re.MULTILINE)

KINDS = {
    name: runpy.run_path(str(HERE / f"{name}.py"))
    for name in ("hooks", "weights", "prompts", "effects", "circuits", "evidence")
}
SOUND = [(judge, sound) for kind in KINDS.values() for judge, sound in kind["SOUND"].items()]
FAULTS = [
    (fault, judge, kind["SOUND"][judge], by, says)
    for kind in KINDS.values()
    for fault, (judge, by, says) in kind["FAULTS"].items()
]


def _name(value):
    return value.__name__ if callable(value) else ""


@pytest.mark.parametrize(("judge", "sound"), SOUND, ids=_name)
def test_without_a_fault_nothing_is_noticed(notice, judge, sound):
    assert notice(judge, sound).by == "nothing"


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case[0].__name__)
def test_a_fault_is_noticed(monkeypatch, notice, case):
    fault, judge, sound, by, says = case
    fault(monkeypatch)
    found = notice(judge, sound)
    assert found.by == by, found.words
    assert re.search(says, found.words), found.words


def test_an_edit_that_does_nothing_is_a_failure_not_a_small_effect(monkeypatch):
    KINDS["hooks"]["edits_nothing"](monkeypatch)

    evidence = KINDS["hooks"]["induction_head"]()

    use = next(found for found in evidence.findings if found.name == "use")
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert use.effect is None
    assert "changed no activation" in use.reason
    assert str(Head(1, 0)) in use.reason


def test_the_page_lists_every_fault_and_what_notices_it():
    listed = ROW.findall(PAGE.read_text())
    assert sorted(listed) == sorted((fault.__name__, by) for fault, _, _, by, _ in FAULTS)


def test_there_are_many_and_none_has_the_name_of_another():
    names = [fault.__name__ for fault, *_ in FAULTS]
    assert len(names) >= 24
    assert len(set(names)) == len(names)
