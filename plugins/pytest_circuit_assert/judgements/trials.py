"""Watches claims being built and judged, test by test."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_circuit_assert.judgements import UnjudgedClaimWarning
from pytest_circuit_assert.judgements.places import Statements, path_from
from pytest_circuit_assert.judgements.records import (
    claim_record,
    junit_property,
    scores_records,
    send,
)
from pytest_circuit_assert.judgements.trial import Judged, Trial
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.session import Session

_T = TypeVar("_T")


class Trials:
    """The tests of this process, one at a time.

    Args:
        options: Those of the run.
    """

    def __init__(self, options: Options) -> None:
        self.current: Trial | None = None
        self._options = options
        self._statements = Statements()
        self._sessions: list[Session] = []
        self._item: pytest.Item | None = None
        self._sent: set[str] = set()
        self._concluded: set[str] = set()

    def observe(self, session: Session) -> None:
        """Learn of the claims that a session's models are asked about."""
        if session not in self._sessions:
            session.on_made.append(self._made)
            session.on_judged.append(self._judged)
            session.on_asked.append(self._asked)
            self._sessions.append(session)

    def let_go(self) -> None:
        """Stop observing: a session may outlive the run."""
        for session in self._sessions:
            session.on_made.remove(self._made)
            session.on_judged.remove(self._judged)
            session.on_asked.remove(self._asked)
        self._sessions.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Begin and end a test; a test that is run again in between keeps its first verdicts."""
        self._observe_default()
        self._item, self._sent, self._concluded = item, set(), set()
        try:
            return (yield)
        finally:
            self._item = self.current = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, _T, _T]:
        """Begin an attempt at a test."""
        self.current = Trial()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Fail a test that builds claims and judges none; warn of one that leaves some."""
        trial = self.current = self.current or Trial()
        trial.in_body = True
        try:
            result = yield
        finally:
            trial.in_body = False
        _check_all_judged(item, trial)
        return result

    def conclude(
        self, item: pytest.Item, report: pytest.TestReport, failure: BaseException | None
    ) -> Judged | None:
        """Send what became of the test's assertions; return the claim by which it failed."""
        from circuit_assert.ledger import AssertionRecord, Record, polarity

        trial = self.current
        if trial is None or not trial.judged:
            return None
        culprit = trial.culprit(failure)
        records: list[Record] = []
        for claim_id, judged in trial.judged.items():
            if claim_id in self._concluded:
                continue
            self._concluded.add(claim_id)
            held = judged.held(culprit)
            records.append(
                AssertionRecord(
                    claim_id=claim_id,
                    nodeid=item.nodeid,
                    held=held,
                    polarity=polarity(str(judged.evidence.verdict), held),
                    outcome=getattr(report, "claim_outcome", report.outcome),
                )
            )
        if records:
            send(item, records)
        return culprit

    def _observe_default(self) -> None:
        """`circuit_assert.model(…)` in a test file makes claims in a session of its own.

        So do claims about toy models, which need none.
        """
        if sys.modules.keys() & {"circuit_assert.session", "circuit_assert.superposition.toy"}:
            from circuit_assert.session import default_session

            self.observe(default_session())

    def _made(self, claim: Claim) -> None:
        if self.current is not None:
            self.current.note_made(claim)

    def _judged(self, claim: Claim, evidence: Evidence) -> None:
        self._take_note(claim, evidence)

    def _asked(self, claim: Claim, evidence: Evidence) -> None:
        judged = self._take_note(claim, evidence)
        if judged is not None and self.current is not None:
            path = path_from(inspect.currentframe())
            self.current.note_asked(judged, path, asserted=self._statements.assert_it(path))

    def _take_note(self, claim: Claim, evidence: Evidence) -> Judged | None:
        if self.current is None or self._item is None:
            return None
        judged = self.current.note_judged(claim, evidence)
        if self._options.lock is not None and claim.id not in self.current.declared:
            from circuit_assert.lock import declared

            self.current.declared[claim.id] = declared(claim)
        if claim.id not in self._sent:
            self._sent.add(claim.id)
            self._item.user_properties.append(("claim", junit_property(evidence)))
            path = path_from(inspect.currentframe())
            record = claim_record(self._item, claim, evidence, self._options, path)
            scores = scores_records(self._item, evidence) if self._options.scores else []
            send(self._item, [record, *scores])
        return judged


TRIALS = pytest.StashKey[Trials]()


def _check_all_judged(item: pytest.Item, trial: Trial) -> None:
    unjudged = trial.unjudged
    if not unjudged:
        return
    count = f"{len(unjudged)} claim{'s' if len(unjudged) > 1 else ''}"
    sentences = "; ".join(unjudged)
    if not trial.judged:
        pytest.fail(
            f"the test builds {count} and judges none, so it tests nothing: {sentences}. "
            "Write `assert claim` or `assert not claim`.",
            pytrace=False,
        )
    were = "were" if len(unjudged) > 1 else "was"
    item.warn(
        UnjudgedClaimWarning(
            f"{count} of {item.nodeid} {were} built and never judged: {sentences}. Assert "
            f"{'them' if len(unjudged) > 1 else 'it'}, or do not build "
            f"{'them' if len(unjudged) > 1 else 'it'}."
        )
    )
