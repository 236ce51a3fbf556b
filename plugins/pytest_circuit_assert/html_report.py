"""The HTML report at the end of a run: from its own ledger, with earlier ones for the history."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert.ledger import Ledger

_T = TypeVar("_T")
_MOST_EARLIER = 20


class HtmlReport:
    """Writes the report that was asked for; a report that fails loses nothing else.

    Args:
        options: Those of the run.
        docket: The controller's, which ends before this.
    """

    def __init__(self, options: Options, docket: Docket) -> None:
        self._options, self._docket = options, docket
        self._said = ""
        self._problem = ""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, _T, _T]:
        """Write it when the ledger is complete, before the terminal's summary."""
        result = yield
        file = self._options.report
        if file is None or self._options.listing:
            return result
        if not self._docket.records:
            self._said = "No report: this run judged no claim."
            return result
        try:
            self._write(file)
        except Exception as problem:  # whatever it is, the run's results come first
            self._problem = f"The report is not written: {type(problem).__name__}: {problem}."
        else:
            self._said = f"Report: {file}"
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it is, or what kept it from being written."""
        if self._said:
            terminalreporter.write_line(self._said)
        if self._problem:
            terminalreporter.write_line(self._problem, red=True, bold=True)

    def _write(self, file: Path) -> None:
        from circuit_assert.reporting.html import report, write

        write(report([self._docket.ledger()], earlier=self._earlier()), file)

    def _earlier(self) -> Iterator[Ledger]:
        """The runs before, one by one; one that cannot be read tells nothing."""
        from circuit_assert.errors import CircuitAssertError
        from circuit_assert.ledger import ledgers_in, read

        folder = self._options.ledger
        if folder is None or not folder.is_dir():
            return
        for path in ledgers_in(folder)[-_MOST_EARLIER:]:
            if self._docket.path is None or not os.path.samefile(path, self._docket.path):
                try:
                    yield read(path)
                except (CircuitAssertError, OSError):
                    continue
