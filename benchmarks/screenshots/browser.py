"""A headless Chromium that asks nothing of a network."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def found() -> str:
    """Where Chromium is; empty where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), "")


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser, closed at the end.

    Raises:
        FileNotFoundError: when there is none on the PATH.
    """
    from playwright.sync_api import sync_playwright

    path = found()
    if not path:
        raise FileNotFoundError(f"no Chromium on the PATH; looked for {', '.join(NAMES)}")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
