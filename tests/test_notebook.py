"""The example notebook runs, and is kept as it ran."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).parents[1] / "docs" / "example.ipynb"


def outputs(notebook):
    """What each code cell gave, as text; a picture as its type."""
    given = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown = [each for each in cell.outputs if each.get("name") != "stderr"]
        data = [each.get("data", {"text/plain": each.get("text", "")}) for each in shown]
        given.append([each.get("text/html") or sorted(each) for each in data])
    return given


def steady(text):
    """Without what differs from run to run: how long measuring took."""
    return re.sub(r"[\d.e-]+ s, ", "", str(text))


def test_it_gives_what_is_kept():
    kept = nbformat.read(NOTEBOOK, as_version=4)
    ran = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(ran, timeout=120, kernel_name="python3").execute()
    for now, before in zip(outputs(ran), outputs(kept), strict=True):
        assert [re.findall(r"supported|refuted|svg|image", steady(each)) for each in now] == [
            re.findall(r"supported|refuted|svg|image", steady(each)) for each in before
        ], "run it anew: jupyter execute --inplace docs/example.ipynb"
    (card,) = outputs(ran)[1]
    assert "L1H0 is an induction head" in card


def test_it_is_kept_without_a_machine_s_paths_or_errors():
    text = NOTEBOOK.read_text()
    assert not re.search(r"/(work|home|root|tmp|usr|Users)/", text)
    assert '"output_type": "error"' not in text
    assert '"name": "stderr"' not in text
    assert len(text) < 200_000
