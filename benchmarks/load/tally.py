"""A plugin for the runs: writes down what became of each test, as the controller of xdist hears it.

The file is named by the environment variable `TALLY`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

VARIABLE = "TALLY"


class Tally:
    """One line for each report that says what became of a test.

    Args:
        path: Where.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The result of a test, or an error beside it."""
        when = str(report.when)
        if when == "call" or (when in ("setup", "???") and not report.passed):
            self._note(report.nodeid, "result", report.outcome)
        elif when == "teardown" and report.failed:
            self._note(report.nodeid, "error", str(report.longrepr)[:100])

    def _note(self, nodeid: str, what: str, outcome: str) -> None:
        self._file.write(json.dumps([nodeid, what, outcome]) + "\n")
        self._file.flush()


def pytest_configure(config: pytest.Config) -> None:
    """Workers only report to the controller."""
    path = os.environ.get(VARIABLE)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(Path(path)), "tally")


def results(path: Path) -> Counter[tuple[str, str]]:
    """How often each test had each result.

    Args:
        path: What a run wrote.

    Returns:
        (Node id, outcome) → how often.
    """
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return Counter((nodeid, outcome) for nodeid, what, outcome in lines if what == "result")
