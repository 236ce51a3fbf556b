"""What the run says of its claims: a header when there are any, and a table at the end."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_circuit_assert.docket import Docket, versions
from pytest_circuit_assert.markers import is_about_claims
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.rehearsal.rehearsal import Rehearsal

_WIDTH = 100
MARKUP: Mapping[str, Mapping[str, bool]] = {
    "heading": {"bold": True},
    "good": {"green": True},
    "bad": {"red": True},
    "undecided": {"yellow": True},
    "faint": {"light": True},
}


class Summary:
    """Writes to the terminal what the docket holds.

    Args:
        config: pytest's.
        options: Those of the run.
        docket: The controller's.
        rehearsal: Which knows the tests that were rehearsed; None when none are.
    """

    def __init__(
        self, config: pytest.Config, options: Options, docket: Docket, rehearsal: Rehearsal | None
    ) -> None:
        self._config = config
        self._here = config.invocation_params.dir
        self._verbose, self._quiet = config.get_verbosity() > 0, config.get_verbosity() < 0
        self._options = options
        self._docket, self._rehearsal = docket, rehearsal
        self._header_shown = False

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """Say under what conditions claims will be judged, when there are any."""
        if not any(map(is_about_claims, items)):
            return []
        self._header_shown = True
        return self._header()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write what is inconclusive, what has settled, and the table."""
        self._inconclusive(terminalreporter)
        if not self._docket.records:
            return
        from circuit_assert.reporting.summary import summary

        terminalreporter.write_sep("=", "claims")
        if not self._header_shown:  # under xdist it is the workers that collect
            for text in self._header():
                terminalreporter.write_line(text)
        lines = summary(
            self._docket.records,
            width=self._width,
            adjusted=self._docket.adjusted,
            verbose=self._verbose,
            quiet=self._quiet,
            show=self._options.show,
        )
        for line in lines:
            terminalreporter.write_line(line.text, **MARKUP.get(line.tone, {}))
        if not self._quiet:
            self._rehearsed(terminalreporter)
        self._settled(terminalreporter)
        self._ledger(terminalreporter)

    @property
    def _width(self) -> int:
        """Columns of the terminal; what is no terminal has room for a hundred."""
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or not reporter.isatty():
            return _WIDTH
        return self._config.get_terminal_writer().fullwidth

    def _folded(self, text: str) -> list[str]:
        width = min(self._width, _WIDTH)
        return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [text]

    def _header(self) -> list[str]:
        options = self._options
        said = (
            f"claims: {options.device}, {options.dtype}, α = {options.false_pass_rate:g}, "
            f"seed {options.seed}"
        )
        found = versions()
        names = ("circuit-assert", "torch", "transformer-lens", "transformers")
        said += "; " + ", ".join(f"{name} {found[name]}" for name in names if name in found)
        lines = [] if self._quiet else self._folded(said)
        if options.is_rerun:
            lines += self._folded(
                f"claims: with seed {options.seed} this run is a rerun of those with seed 0: the "
                "first verdict on a claim stands, and r reruns turn α into 1 − (1 − α)^(r + 1)."
            )
        return lines

    def _inconclusive(self, reporter: pytest.TerminalReporter) -> None:
        """A section like pytest's own of failures, which lists only what is called failed."""
        reports: list[Any] = reporter.stats.get("inconclusive", [])
        style = reporter.config.getoption("tbstyle")
        if not reports or style == "no":
            return
        reporter.write_sep("=", "INCONCLUSIVE")
        for report in reports:
            reporter.write_sep("_", report.head_line or report.nodeid, yellow=True, bold=True)
            if report.failed:
                report.toterminal(reporter.config.get_terminal_writer())
            else:
                reporter.write_line(report.longrepr[2])
            _write_sections(reporter, report)

    def _settled(self, reporter: pytest.TerminalReporter) -> None:
        for nodeid, words in self._docket.settled:
            text = f"SETTLED, {words}. Remove open_claim from {nodeid}."
            for line in self._folded(text):
                reporter.write_line(line, bold=True)

    def _rehearsed(self, reporter: pytest.TerminalReporter) -> None:
        rehearsed = self._rehearsal.rehearsed if self._rehearsal is not None else None
        if rehearsed is None:
            return
        known = len(rehearsed.learned)
        total = known + len(rehearsed.refused)
        reporter.write_line(f"{known} of {total} test{'s' * (total != 1)} rehearsed.")
        if self._verbose:
            for nodeid, reason in rehearsed.refused.items():
                reporter.write_line(f"Not rehearsed: {nodeid}: {reason}.")

    def _ledger(self, reporter: pytest.TerminalReporter) -> None:
        docket = self._docket
        if docket.path is not None:
            for line in self._folded(f"Ledger: {nearest(docket.path, self._here)}"):
                reporter.write_line(line)
        for line in self._folded(docket.lost) if docket.lost else []:
            reporter.write_line(line, red=True, bold=True)


def _write_sections(reporter: pytest.TerminalReporter, report: Any) -> None:  # noqa: ANN401
    """What was printed, as far as --show-capture asks for it, and evidence without a traceback."""
    shown = str(reporter.config.getoption("showcapture"))
    for name, content in report.sections:
        if name.startswith("Captured") and shown != "all" and shown not in name:
            continue
        reporter.write_sep("-", name)
        reporter.write_line(content.rstrip("\n"))


def nearest(path: Path, here: Path) -> str:
    """The shorter way to write a path, seen from a folder or from the root."""
    try:
        relative = os.path.relpath(path, here)
    except ValueError:  # on another drive
        return str(path)
    return min(relative, str(path), key=len)
