"""Evidence in a notebook: the report's card, and a picture to go on with."""

import re
import sys

import matplotlib as mpl
import pytest

from circuit_assert.errors import CircuitAssertError
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.reporting.html.rendering import TEMPLATES
from circuit_assert.stats import Verdict
from circuit_assert.unit_scores import UnitScores

mpl.use("agg")
SCORES = UnitScores(
    (0.7, 0.8, 0.9, None), (0, 1, 2, 3), {"seed": ("a", "a", "b", "b")}, "some", {0: "prompt zero"}
)


def evidence(text="L5H1 is an induction head", **more):
    finding = Finding(
        text,
        "primary",
        text,
        Verdict.SUPPORTED,
        **{"effect": 0.79, "low": 0.76, "high": 0.82, "region": "above +0.40", "unit": text}
        | {"units": 3, "clusters": {"seed": 2}, "scores": SCORES}
        | more,
    )
    return Evidence(
        "id", "kind", text, "gemma", Verdict.SUPPORTED, "because", (finding,), {"head": text}, 0.01
    )


def test_the_card_says_what_the_report_s_says():
    card = evidence()._repr_html_()
    for part in ("supported", "because", "+0.790 [+0.760, +0.820]", "above +0.40", "prompt zero"):
        assert part in card
    assert card.count("<svg") == 2


def test_what_comes_from_elsewhere_is_text(made):
    card = evidence(made.HOSTILE)._repr_html_()
    assert "<script" not in card
    assert "<img" not in card
    assert "</style>" in card
    assert card.count("</style>") == 1


def test_the_card_s_style_stays_with_it():
    style = re.search(r"<style>(.*)</style>", evidence()._repr_html_(), re.DOTALL)[1]
    rules = re.sub(r"@media[^{]*\{|/\*.*?\*/", "", style)
    selectors = re.findall(r"([^{}]+)\{", rules)
    assert len(selectors) > 20
    for selector in selectors:
        for each in selector.split(","):
            assert ".ca" in each, each


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_notebook_s_theme_is_the_card_s(theme):
    card = evidence()._repr_html_()
    found = re.search(rf"\.vscode-{theme} \.ca \{{(.*?)\}}", card, re.DOTALL)[1]
    colours = re.findall(r"--page: (#\w+)", (TEMPLATES / "card.css").read_text())
    assert f"--page: {colours[theme == 'dark']}" in found


def test_the_plot_shows_interval_region_and_clusters():
    axes = evidence().plot()
    interval, effect, dots = axes.lines[1:]
    assert list(interval.get_xdata()) == [0.76, 0.82]
    assert list(effect.get_xdata()) == [0.79]
    assert list(dots.get_xdata()) == [0.75, 0.9]
    assert list(axes.lines[0].get_xdata()) == [0.4, 0.4]
    assert axes.patches[0].get_x() == 0.4
    assert [each.get_text() for each in axes.get_yticklabels()][1] == "2 seeds"
    assert axes.get_title().startswith("✓ supported: L5H1")


def test_it_draws_where_it_is_told():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert evidence(low=None, region="some words").plot(axes) is axes


def test_without_matplotlib_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(CircuitAssertError, match=r"pip install 'circuit-assert\[figures\]'"):
        evidence().plot()


def test_without_an_interval_there_is_nothing_to_draw():
    with pytest.raises(CircuitAssertError, match="nothing to draw"):
        evidence(effect=None).plot()
