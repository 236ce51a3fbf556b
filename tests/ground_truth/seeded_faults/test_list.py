"""The page about seeded faults says what the tests here find, no more and no less."""

import re
import runpy
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "seeded-faults.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| (.+) \|$", re.MULTILINE)


def faults_that_are_tested():
    files = sorted(path for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
    assert files
    return [
        (fault.__name__, by)
        for file in files
        for fault, (_, by, _) in runpy.run_path(str(file))["FAULTS"].items()
    ]


def test_the_page_lists_every_fault_and_what_notices_it():
    listed = ROW.findall(PAGE.read_text())
    assert sorted(listed) == sorted(faults_that_are_tested())


def test_there_are_many_and_none_has_the_name_of_another():
    names = [name for name, _ in faults_that_are_tested()]
    assert len(names) >= 24
    assert len(set(names)) == len(names)
