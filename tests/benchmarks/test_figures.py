"""The figures of the docs are drawn from the tables beside them."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.figures.__main__ import main
from benchmarks.figures.drawn import DRAWN, draw
from benchmarks.figures.measured import MEASURED

FIGURES = Path(__file__).parents[2] / "docs/figures"
PAGE = FIGURES.parent / "multilingual.md"


def test_every_table_has_its_drawing():
    assert set(DRAWN) == set(MEASURED)
    assert {file.stem for file in FIGURES.glob("*.csv")} == set(MEASURED)


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_what_its_table_says(name, tmp_path):
    """Drawn anew it has the same lines; a table with another number has others."""
    table = pd.read_csv(FIGURES / f"{name}.csv")
    shown = lines_of((FIGURES / f"{name}.svg").read_text())
    draw(name, table, tmp_path / "same.svg")
    assert lines_of((tmp_path / "same.svg").read_text()) == shown
    number = table.select_dtypes("number").columns.difference(["layer", "strength", "error"])
    table.loc[1, number] += 0.3
    draw(name, table, tmp_path / "other.svg")
    assert lines_of((tmp_path / "other.svg").read_text()) != shown


def lines_of(svg):
    """The drawn paths, to a tenth of a point: fonts differ from machine to machine."""
    found = re.findall(r'<g id="(?:line2d|LineCollection)_\d+">\s*<path d="([^"]*)"', svg)
    assert found
    return [
        [round(float(number), 1) for number in re.findall(r"-?\d+\.?\d*", path)] for path in found
    ]


@pytest.mark.parametrize("name", DRAWN)
def test_the_page_shows_every_picture_and_says_what_is_in_it(name):
    shown = dict(re.findall(r"!\[([^\]]+)\]\(figures/(\w+)\.svg\)", PAGE.read_text()))
    texts = {file: words for words, file in shown.items()}
    assert len(texts[name]) > 40


def test_a_name_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["nosuch"])
    assert "names are overlap" in capsys.readouterr().err


def test_tables_are_drawn_again_without_a_model(tmp_path, monkeypatch):
    monkeypatch.setattr("circuit_assert.model", None)
    (tmp_path / "overlap.csv").write_bytes((FIGURES / "overlap.csv").read_bytes())
    main(["overlap", "--redraw", "--out", str(tmp_path)])
    assert (tmp_path / "overlap.svg").stat().st_size > 1000
