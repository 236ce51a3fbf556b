"""Which tests would not run here, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from circuit_assert.cli.checkup import Check
from circuit_assert.cli.run import PLUGIN
from circuit_assert.reporting.columns import visible


def suites_checked(paths: Sequence[str]) -> Iterator[Check]:
    """A check of all tests, and one for each reason and file with tests that would not run.

    Args:
        paths: As for pytest.
    """
    import pytest

    census = Census()
    quiet = ["--collect-only", "-p", "no:terminal", "-p", "no:cacheprovider"]
    status = pytest.main(["-p", PLUGIN, *quiet, *paths], plugins=[census])
    for problem in census.problems:
        yield Check("broken", problem)
    if status == pytest.ExitCode.USAGE_ERROR and not census.problems:
        yield Check("broken", f"pytest cannot be called with {' '.join(paths) or 'its settings'}")
        return
    about = f"{census.about_claims} of them about claims"
    yield Check("fine", f"{_tests(census.tests)} collected, {about}")
    for (file, reason), many in census.skipped.items():
        would = f"{_tests(many)} would not run" if many else "it would not run"
        yield Check("note", f"{visible(file)}: {would}: {visible(reason)}")


def _tests(many: int) -> str:
    return f"{many} test{'s' * (many != 1)}"


class Census:
    """A plugin that counts tests, and those that would not run."""

    def __init__(self) -> None:
        self.tests = self.about_claims = 0
        self.skipped: Counter[tuple[str, str]] = Counter()
        self.problems: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401 - pytest's
        """A file that cannot be read, or that skips itself."""
        if report.failed:
            *_, last = ["", *str(report.longrepr).strip().splitlines()]
            self.problems.append(visible(f"{report.nodeid} cannot be collected: {last}"))
        elif report.skipped:
            self.skipped[report.nodeid, str(report.longrepr[2])] += 0  # its tests are not known

    def pytest_collection_finish(self, session: Any) -> None:  # noqa: ANN401 - pytest's
        """Ask of each test what it would lack."""
        markers = session.config.pluginmanager.getplugin(f"{PLUGIN}.markers")
        for item in session.items:
            self.tests += 1
            self.about_claims += markers.is_about_claims(item)
            reason = _skipped(item) or markers.missing_for(item)
            if reason is not None:
                self.skipped[item.nodeid.split("::")[0], reason] += 1


def _skipped(item: Any) -> str | None:  # noqa: ANN401 - pytest's
    """Why its markers skip it; None when they do not."""
    for mark in item.iter_markers("skip"):
        return str(mark.kwargs.get("reason", mark.args[0] if mark.args else "skipped"))
    for mark in item.iter_markers("skipif"):  # conditions in words are for pytest to judge
        if any(condition is True for condition in mark.args):
            return str(mark.kwargs.get("reason", "skipif"))
    return None
