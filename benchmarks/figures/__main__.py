"""`python -m benchmarks.figures [NAME …]`: measure and draw what `docs/multilingual.md` shows.

Writes a table and a picture for each name into docs/figures; `--redraw` draws the tables that are
there, without a model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import circuit_assert
from benchmarks.figures.drawn import draw
from benchmarks.figures.measured import MEASURED, MODEL

FOLDER = Path(__file__).parents[2] / "docs/figures"


def main(arguments: list[str] | None = None) -> None:
    """Measure and draw."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or MEASURED:
        file = options.out / f"{name}.csv"
        if not options.redraw:
            table = MEASURED[name](circuit_assert.model(options.model))
            table.to_csv(file, index=False, float_format="%.5g")
        draw(name, pd.read_csv(file), file.with_suffix(".svg"))
        print(file.with_suffix(".svg"))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURED)}")
    parser.add_argument("--redraw", action="store_true", help="draw the tables that are there")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where tables and pictures go")
    parser.add_argument("--model", default=MODEL, help="the model to measure")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in MEASURED]
    if unknown:
        parser.error(f"there is no {unknown[0]}: names are {', '.join(MEASURED)}")
    return options


if __name__ == "__main__":
    main()
