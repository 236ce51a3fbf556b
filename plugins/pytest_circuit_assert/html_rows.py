"""pytest-html, where it is installed: a column with the verdicts, and the evidence as an extra."""

from __future__ import annotations

import html
from typing import Any

import pytest

from pytest_circuit_assert.docket import Docket

_COLUMN = 1  # behind the result


class HtmlRows:
    """Adds to the rows of pytest-html's report.

    Args:
        docket: The controller's, which has the claims of a test before its report comes.
    """

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """A column for the verdicts."""
        cells.insert(_COLUMN, '<th class="sortable" data-column-type="claims">Claims</th>')

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:  # noqa: ANN401
        """The verdicts of the test's claims, in words."""
        from circuit_assert.reporting.order import marked

        if not cells:  # another plugin has removed the row
            return
        verdicts = [marked(claim.verdict) for claim in self._docket.claims_of(report.nodeid)]
        said = html.escape(", ".join(verdicts))
        cells.insert(_COLUMN, f'<td class="col-claims">{said}</td>')

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The evidence of the test's claims, all of it escaped."""
        if report.when != "call":
            return
        from circuit_assert.reporting.from_record import evidence_of

        extras: list[dict[str, Any]] = list(getattr(report, "extras", []))
        for claim in self._docket.claims_of(report.nodeid):
            content = f"<pre>{html.escape(str(evidence_of(claim)))}</pre>"
            extras.append({**_EXTRA, "content": content})
        vars(report).update(extras=extras)


_EXTRA = {"name": None, "format_type": "html", "mime_type": None, "extension": None}
