"""Tables as pictures: lines that are told by their ends and their marks, not by colour alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_NAMES = {
    "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "ru": "Russian",
    "zh": "Chinese",
}  # fmt: skip
_LOOKS = (
    ("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#000000", "v"),
)  # fmt: skip
"""Colours of Okabe and Ito, which readers with any colour vision tell apart, and marks."""
_STYLE: Any = {  # the library has a type of its own for the names
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "circuit-assert",  # equal figures are equal files
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
}


def draw(name: str, table: pd.DataFrame, file: Path) -> None:
    """Draw a table as the figure of its name.

    Args:
        name: One of `DRAWN`.
        table: As measured.
        file: Where to write it: .svg.
    """
    with mpl.rc_context(_STYLE):
        figure = DRAWN[name](table)
        figure.savefig(file, metadata={"Date": None}, facecolor="white")


def _overlap(table: pd.DataFrame) -> Figure:
    figure, (axes,) = _panels(1)
    _lines(axes, table, by="language", x="layer", y="overlap", error="error")
    axes.set(
        xlabel="layer",
        ylabel="overlap beyond other paragraphs (IoU)",
        title="Neurons that English paragraphs share with their translations",
    )
    return figure


def _language(table: pd.DataFrame) -> Figure:
    figure, (axes,) = _panels(1)
    _lines(axes, table, by="language", x="layer", y="share")
    axes.axhline(0.5, color="grey", linewidth=0.8)
    axes.set(
        xlabel="layer that the unembedding reads",
        ylabel="share of prompts",
        ylim=(0, 1),
        title="The answer in the prompt's language is likelier than in English",
    )
    return figure


def _swaps(table: pd.DataFrame) -> Figure:
    kinds = ("operation", "word", "language")
    figure, panels = _panels(len(kinds))
    for axes, kind in zip(panels, kinds, strict=True):
        _lines(axes, table[table["swap"] == kind], by="language", x="strength", y="margin")
        axes.axhline(0, color="grey", linewidth=0.8)
        axes.set(xlabel="times the difference", title=f"{kind} swapped")
    panels[0].set_ylabel("margin of the swapped answer (nats)")
    return figure


def _steering(table: pd.DataFrame) -> Figure:
    directions = list(dict.fromkeys(table["toward"]))
    figure, panels = _panels(len(directions))
    for axes, toward in zip(panels, directions, strict=True):
        part = table[table["toward"] == toward]
        _lines(axes, part, by="output", x="strength", y="share", error="error")
        site = part["at"].iloc[0]
        axes.set(
            xlabel="strength (largest natural activations)",
            ylim=(-0.02, 1),
            title=f"direction to {_NAMES[toward]} added at {site}",
        )
    panels[0].set_ylabel("share of the letters written")
    return figure


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(3.6 * count + 1.6, 3.4), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _lines(
    axes: Axes, table: pd.DataFrame, *, by: str, x: str, y: str, error: str | None = None
) -> None:
    """A line for each group, named at its end; bars of twice the standard error."""
    for (group, part), (colour, mark) in zip(table.groupby(by), _LOOKS, strict=False):
        bars: Any = None if error is None else 2 * part[error]
        axes.errorbar(
            part[x], part[y], bars, color=colour, marker=mark, markersize=4, linewidth=1.2,
            elinewidth=0.7, label=_said(group),
        )  # fmt: skip
    if x == "layer":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8)


def _said(group: Hashable) -> str:
    return _NAMES.get(str(group), str(group))


DRAWN: Mapping[str, Callable[[pd.DataFrame], Figure]] = {
    "overlap": _overlap,
    "language": _language,
    "swaps": _swaps,
    "steering": _steering,
}
