"""Outcomes: inconclusive is one of its own, an open claim does not fail, evidence is attached."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeAlias

import pytest

from pytest_circuit_assert.judgements.records import WHEN
from pytest_circuit_assert.judgements.trial import Judged
from pytest_circuit_assert.judgements.trials import Trials
from pytest_circuit_assert.markers import NOT_RUN, reason_open
from pytest_circuit_assert.options import Options

Status: TypeAlias = tuple[str, str, str | tuple[str, Mapping[str, bool]]]
SECTION = "claim evidence"
_STATUS: Mapping[tuple[str, str], Status] = {
    ("inconclusive", "failed"): (
        "inconclusive",
        "?",
        ("INCONCLUSIVE", {"yellow": True, "bold": True}),
    ),
    ("inconclusive", "skipped"): ("inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})),
    ("open", "skipped"): ("open", "o", ("OPEN", {"yellow": True})),
    ("settled", "passed"): ("settled", "S", ("SETTLED", {"green": True, "bold": True})),
}


class Outcomes:
    """Turns what a test raised into its report's outcome.

    Args:
        options: Those of the run.
        trials: Who knows what the test judged.
    """

    def __init__(self, options: Options, trials: Trials) -> None:
        self._options = options
        self._trials = trials

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Give the report its outcome and its evidence, and send what became of assertions."""
        from circuit_assert.errors import Inconclusive

        report = yield
        if NOT_RUN in item.stash and report.when == "setup":
            vars(report).update(claim_not_run=item.stash[NOT_RUN])
        failure = call.excinfo.value if call.excinfo is not None else None
        if isinstance(failure, Inconclusive):
            self._inconclusive(item, report, str(failure))
        elif report.passed and report.when == "call" and self._settles(item):
            vars(report).update(claim_outcome="settled")
        if failure is not None or report.when != "setup":
            culprit = self._trials.conclude(item, report, failure)
            self._explain(item, report, culprit)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> Status | None:
        """Words, letters and colours; a report of claims alone shows nothing."""
        if report.when == WHEN:
            return "", "", ""
        return _STATUS.get((getattr(report, "claim_outcome", ""), report.outcome))

    def _inconclusive(self, item: pytest.Item, report: pytest.TestReport, reason: str) -> None:
        """Failed, whatever an xfail marker says; unless the claim is open, or the option says."""
        vars(report).pop("wasxfail", None)
        open_because = reason_open(item)
        outcome = "inconclusive" if open_because is None else "open"
        vars(report).update(claim_outcome=outcome)
        if open_because is None and self._options.fail_on == "inconclusive":
            report.outcome = "failed"
            return
        reason = reason if open_because is None else f"open ({open_because}): {reason}"
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, reason)

    def _settles(self, item: pytest.Item) -> bool:
        trial = self._trials.current
        return reason_open(item) is not None and trial is not None and bool(trial.judged)

    def _explain(
        self, item: pytest.Item, report: pytest.TestReport, culprit: Judged | None
    ) -> None:
        """Attach the evidence on the claim by which the test failed, else that judged last."""
        trial = self._trials.current
        if trial is None or not trial.judged:
            return
        last = culprit or next(reversed(trial.judged.values()))
        if reason_open(item) is not None and (report.passed or culprit) and report.when == "call":
            self._say_settled(report, last)
        unsettled = report.skipped and hasattr(report, "claim_outcome")
        if culprit is not None or unsettled or (report.failed and report.when == "call"):
            _add_section(report, SECTION, str(last.evidence))

    def _say_settled(self, report: pytest.TestReport, judged: Judged) -> None:
        if judged.undecided:
            return
        words = f"now {judged.evidence.verdict}: {judged.evidence.sentence}"
        vars(report).update(claim_settled=words)
        if report.failed:
            _add_section(
                report, "open claim", f"settled, {words}. Change the test; remove open_claim."
            )


def _add_section(report: pytest.TestReport, name: str, content: str) -> None:
    """With the traceback, where it prints in every style that prints one; else with the output."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(name, content)
    else:
        report.sections.append((name, content))
