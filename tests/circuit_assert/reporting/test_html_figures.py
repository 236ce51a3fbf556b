"""What pictures show is what the numbers are."""

import math

import pytest

from circuit_assert import stats
from circuit_assert.reporting.html import words
from circuit_assert.reporting.html.figures import (
    interval_figure,
    line_figure,
    mini_figure,
    parts,
    peers_figure,
)
from circuit_assert.reporting.html.rates import wilson
from circuit_assert.reporting.html.scale import Scale
from circuit_assert.reporting.regions import bounds_of


@pytest.mark.parametrize(
    "region",
    [
        stats.above(0.4),
        stats.above(-12.5),
        stats.above(2 / 3),
        stats.below(0.001),
        stats.below(-1e-7),
        stats.between(-0.25, 1e6),
        stats.within(0.1),
        stats.within(1e-5),
    ],
    ids=str,
)
def test_bounds_are_those_of_the_region(region):
    assert bounds_of(str(region)) == (region.low, region.high)


@pytest.mark.parametrize("text", ["", "about half", "above 1.2.3", "above +0.40 or so"])
def test_other_words_have_no_bounds(text):
    assert bounds_of(text) is None


def test_the_interval_lies_in_the_region_where_it_is_supported(made):
    figure = interval_figure(made.finding())
    assert figure.band.left < figure.low < figure.effect < figure.high < figure.width
    assert (figure.band.open_left, figure.band.open_right) == (False, True)
    assert figure.band.right == figure.width
    places = {tick.text: tick.at for tick in figure.ticks}
    assert places["0.6"] - places["0.4"] == pytest.approx(places["0.8"] - places["0.6"], abs=0.2)
    assert places["0.4"] == figure.band.left
    (row,) = figure.rows
    assert row.path.count("M") == row.count == 20


def test_a_refuted_interval_lies_outside(made):
    figure = mini_figure(made.finding(effect=0.1, low=0.05, high=0.2))
    assert figure.high < figure.band.left


def test_an_infinite_end_goes_to_the_edge(made):
    figure = interval_figure(made.finding(low=None))
    assert (figure.low, figure.open_low, figure.open_high) == (0, True, False)
    figure = interval_figure(made.finding(low=None, high=None))
    assert figure.low == figure.high == figure.effect


@pytest.mark.parametrize("effect", [0.0, 1e-12, -3e9, 0.4])
def test_extreme_numbers_can_be_drawn(made, effect):
    found = made.finding(effect=effect, low=effect, high=effect, cluster_means={})
    figure = interval_figure(found)
    assert all(math.isfinite(x) and 0 <= x <= figure.width for x in (figure.low, figure.effect))
    assert all(len(tick.text) < 10 for tick in figure.ticks)


def test_what_was_not_measured_is_not_drawn(made):
    found = made.finding(effect=None)
    assert interval_figure(found) is mini_figure(found) is None
    assert peers_figure(found) is None


def test_own_value_among_others(made):
    figure = peers_figure(made.peers(value=0.9, others=(0.0, 0.5, 1.0)))
    assert figure.path.count("M") == 3
    ends = [float(each.split()[0]) for each in figure.path[1:].split("M")]
    assert ends[1] < figure.value < ends[2]


def test_a_scale_is_linear_and_keeps_within():
    scale = Scale(0, 10, 100, 200)
    assert [scale.place(x) for x in (-5, 0, 2.5, 10, 99)] == [100, 100, 125, 200, 200]
    assert [tick.text for tick in scale.ticks()] == ["0", "2", "4", "6", "8", "10"]
    assert [tick.text for tick in Scale(-0.2, 0.2, 0, 1).ticks(2)] == ["−0.2", "0.0", "0.2"]


def test_lines_go_up_with_the_share():
    figure = line_figure([0.0, 0.5, 1.0])
    heights = [float(point.split()[1].removesuffix("h0")) for point in figure.dots[1:].split("M")]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[1] == heights[1] - heights[2]
    assert line_figure([1.0]).last[1] == 6


def test_parts_fill_the_bar():
    made = parts({"holds": 3, "open": 0, "fails": 1})
    assert [(part.name, part.left, part.width) for part in made] == [
        ("holds", 0, 75),
        ("fails", 75, 25),
    ]


def test_wilson_is_wilson():
    """Brown, Cai and DasGupta's formula, by hand."""
    z, k, n = 1.959964, 8, 10
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    assert wilson(k, n) == pytest.approx((centre - half, centre + half), abs=1e-6)
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(
    ("share", "said"), [(1, "100"), (0, "0"), (0.999, "> 99"), (0.001, "< 1"), (0.5, "50")]
)
def test_only_all_is_100_percent(share, said):
    assert words.percent(share).replace("\u00a0", " ") == f"{said} %"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-10T11:59:30+00:00", "0 minutes"),
        ("2026-03-10T11:59:00+00:00", "1 minute"),
        ("2026-03-09T11:00:00Z", "25 hours"),
        ("2026-03-08T13:00:00+02:00", "2 days"),
        ("2027-01-01T00:00:00+00:00", "0 minutes"),
        ("<script>", ""),
    ],
)
def test_ages(made, at, said):
    assert words.age(at, made.NOW) == said
