"""docs/architecture.md names what there is: every module and room at the top, and nothing else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LIBRARY = "circuit_assert"
PLUGIN = "plugins/pytest_circuit_assert"


def rooms_in(folder):
    """Modules by their names, folders with a slash."""
    modules = {path.stem for path in (ROOT / folder).glob("*.py")}
    folders = {f"{path.parent.name}/" for path in (ROOT / folder).glob("*/*.py")}
    return {each for each in modules | folders if not each.startswith("__")}


def named(head, page=PAGE):
    """What the first column of a table names."""
    table = page.split(f"| {head} |", 1)[1].split("\n\n", 1)[0]
    first = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(
    ("head", "folder", "beside"),
    [("room", LIBRARY, {PLUGIN}), ("room of the plugin", PLUGIN, set())],
)
def test_the_table_names_every_room_and_no_other(head, folder, beside):
    assert named(head) == rooms_in(folder) | beside


def test_a_room_that_is_left_out_is_noticed():
    assert "session" not in named("room", PAGE.replace("| `session` |", "| |"))
