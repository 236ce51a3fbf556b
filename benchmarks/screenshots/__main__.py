"""`python -m benchmarks.screenshots`: the pictures of `docs/reports.md`, taken in Chromium.

Makes a report of the runs in docs/example-ledger, needs no model, and writes docs/report-*.png.
`--trim FOLDER` makes the example anew from the runs in a folder.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from PIL import Image

from benchmarks.screenshots.browser import chromium
from benchmarks.screenshots.example import trim
from circuit_assert.ledger import read_folder
from circuit_assert.reporting.html import report
from circuit_assert.reporting.html.words import moment

_COLOURS = 128  # a third of the size, and nothing to see of it
if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = Path(__file__).parents[2] / "docs"


class Picture(NamedTuple):
    """What is on one.

    Args:
        name: The file is docs/report-NAME.png.
        width: Of the window, in pixels.
        height: Likewise.
        theme: "light" or "dark".
        at: The element that the window begins with; empty for the top.
        opened: The claim whose card is open; empty for none.
    """

    name: str
    width: int
    height: int
    theme: Literal["light", "dark"]
    at: str = ""
    opened: str = ""


PICTURES = (
    Picture("light", 1200, 1000, "light"),
    Picture("dark", 1200, 1000, "dark"),
    Picture("rates", 1200, 900, "light", "#rates"),
    Picture("card", 1200, 1000, "light", "details.claim[open]", "L18H6 is an induction head"),
    Picture("card-dark", 1200, 1000, "dark", "details.claim[open]", "L18H6 is an induction head"),
    Picture("phone", 390, 844, "light"),
)


def main(arguments: list[str] | None = None) -> None:
    """Take the pictures."""
    options = _options(arguments)
    if options.trim:
        trim(options.trim, options.ledger)
    options.out.mkdir(parents=True, exist_ok=True)
    ledgers = read_folder(options.ledger)
    started = max(filter(None, (moment(each.run.started) for each in ledgers if each.run)))
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page = Path(folder) / "report.html"
        page.write_text(report(ledgers, now=started + timedelta(days=3)), encoding="utf-8")
        for picture in PICTURES:
            print(_take(browser, page, picture, options.out / f"report-{picture.name}.png"))


def _take(browser: Browser, page: Path, picture: Picture, file: Path) -> Path:
    tab = browser.new_page(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.theme
    )
    tab.goto(page.as_uri())
    if picture.opened:
        tab.evaluate("document.querySelectorAll('details.claim').forEach((d) => d.open = false)")
        tab.locator("details.claim", has_text=picture.opened).locator("summary").first.click()
    if picture.at:
        tab.evaluate(
            "(at) => scrollTo(0, document.querySelector(at).getBoundingClientRect().top"
            " + scrollY - 8)",
            picture.at,
        )
    tab.mouse.move(0, 0)
    tab.screenshot(path=file)
    Image.open(file).quantize(_COLOURS).save(file, optimize=True)
    tab.close()
    return file


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screenshots", description=__doc__)
    parser.add_argument("--ledger", type=Path, default=DOCS / "example-ledger")
    parser.add_argument("--out", type=Path, default=DOCS, help="where the pictures go")
    parser.add_argument("--trim", type=Path, help="a folder of runs to make the example from")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
