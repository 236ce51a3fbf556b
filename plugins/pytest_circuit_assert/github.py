"""GitHub's step summary and annotations, written once by the controller of a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.options import Options


class GitHub:
    """Tells GitHub's runner what came of the claims.

    Args:
        config: pytest's.
        docket: The controller's.
    """

    def __init__(self, config: pytest.Config, docket: Docket) -> None:
        self._root = config.rootpath
        self._docket = docket
        self._problem = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Append to the step summary, where there is one."""
        path = os.environ.get("GITHUB_STEP_SUMMARY", "")
        if not path or not self._docket.records:
            return
        try:
            self._append(Path(path))
        except OSError as problem:
            self._problem = f"GitHub's step summary is not written: {problem}."

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the annotations, each on a line of its own."""
        from circuit_assert.reporting.claimed import Results
        from circuit_assert.reporting.github import annotations

        for line in annotations(Results.of(self._docket.records), folder=self._folder()):
            terminalreporter.write_line(line)
        if self._problem:
            terminalreporter.write_line(self._problem, red=True)

    def _append(self, path: Path) -> None:
        from circuit_assert.reporting.claimed import Results
        from circuit_assert.reporting.github import SUMMARY_BYTES
        from circuit_assert.reporting.markdown import LEAST, report

        there = path.stat().st_size if path.exists() else 0
        room = SUMMARY_BYTES - there
        if room < LEAST:
            raise OSError(f"{path} has {there:,} bytes already")
        results = Results.of(self._docket.records, self._docket.adjusted)
        with path.open("a", encoding="utf-8") as file:
            file.write(report(results, runs=[self._docket.run], limit=room))

    def _folder(self) -> str:
        """From the checkout to the root folder of the tests."""
        checkout = os.environ.get("GITHUB_WORKSPACE")
        if not checkout:
            return ""
        try:
            folder = self._root.resolve().relative_to(Path(checkout).resolve()).as_posix()
        except ValueError:  # the tests are elsewhere
            return ""
        return "" if folder == "." else folder


def is_asked_for(options: Options) -> bool:
    """Whether the run writes for GitHub."""
    if options.github == "auto":
        return os.environ.get("GITHUB_ACTIONS") == "true"
    return options.github == "always"
