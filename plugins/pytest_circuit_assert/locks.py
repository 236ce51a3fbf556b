"""`--claims-lock`: claims held against what was declared before anything was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Generator, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.judgements import ClaimLockWarning
from pytest_circuit_assert.judgements.trial import Judged, Trial
from pytest_circuit_assert.judgements.trials import Trials
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert.lock import Lock
    from circuit_assert.lock.times import Times
    from circuit_assert.lock.verdicts import Late

_T = TypeVar("_T")
_WIDTH = 100
_SHOWN = 3  # claims that are named


class LockCheck:
    """Holds each claim that a test judges against the lock, when the test has ended.

    Args:
        options: Those of the run.
        trials: Who knows what the test judged.
    """

    def __init__(self, options: Options, trials: Trials) -> None:
        self._options, self._trials = options, trials

    @cached_property
    def _lock(self) -> Lock:
        return _read(self._options)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Warn of what is not as it was locked, or fail the test."""
        if self._options.lock is None:
            return (yield)
        from circuit_assert.errors import Inconclusive

        try:
            result = yield
        except BaseException as failure:
            said = self._said(item, failure)
            if said and self._options.locked and isinstance(failure, Inconclusive):
                pytest.fail(said, pytrace=False)  # which an open claim would not
            if said:
                item.warn(ClaimLockWarning(said))
            raise
        said = self._said(item, None)
        if said and self._options.locked:
            pytest.fail(said, pytrace=False)
        if said:
            item.warn(ClaimLockWarning(said))
        return result

    def _said(self, item: pytest.Item, failure: BaseException | None) -> str:
        trial = self._trials.current
        if trial is None or not trial.declared:
            return ""
        lines = list(self._problems(item, trial, failure))
        if not lines:
            return ""
        return "\n".join([f"not as {_name(self._options)} says:", *lines])

    def _problems(
        self, item: pytest.Item, trial: Trial, failure: BaseException | None
    ) -> Iterator[str]:
        from circuit_assert.lock import problems

        culprit = trial.culprit(failure)
        for claim_id, claim in trial.declared.items():
            said = _polarity(trial.judged[claim_id], culprit)
            found = problems(self._lock, item.nodeid, claim, said)
            if found:
                yield f"  {claim.sentence}: {'; '.join(found)}"


class LockTimes:
    """Says at the end what of the lock was judged, and where the lock came after the verdict.

    Args:
        options: Those of the run.
        docket: The controller's.

    Raises:
        pytest.UsageError: when the lock cannot be read.
    """

    def __init__(self, options: Options, docket: Docket) -> None:
        self._options, self._docket = options, docket
        self._lock = None if options.lock is None or options.listing else _read(options)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write both."""
        if self._lock is None or not self._docket.records:
            return
        for said in self._said(self._lock):
            for line in textwrap.wrap(said, _WIDTH, subsequent_indent="  ", break_on_hyphens=False):
                terminalreporter.write_line(line)

    def _said(self, lock: Lock) -> Iterator[str]:
        from circuit_assert.lock.times import times_of

        assert self._options.lock is not None  # noqa: S101 - there is a lock
        name, times = _name(self._options), times_of(self._options.lock, lock)
        judged = {
            (each["nodeid"], each["claim_id"])
            for each in self._docket.records
            if each["record"] == "claim"
        }
        here = [entry for entry in lock.entries if entry.key in judged]
        yield f"Lock: {len(here)} of {len(lock.entries)} locked claims judged ({name})."
        loose = sum(entry.key in times.uncommitted for entry in here)
        if loose:
            yield f"{loose} of them {'is' if loose == 1 else 'are'} not committed as locked."
        if times.note:
            yield f"{name}: {times.note}."
        late = [each for each in self._late(lock, times) if each.entry.key in judged]
        if late:
            yield f"{name} is newer than {_results(late)}: {_examples(late)}."

    def _late(self, lock: Lock, times: Times) -> list[Late]:
        from circuit_assert.ledger.folders import history_of
        from circuit_assert.lock.verdicts import judged_before

        if self._options.ledger is None:
            return []
        return judged_before(lock, times, history_of(self._options.ledger))


def _read(options: Options) -> Lock:
    from circuit_assert.lock import LockError, read_lock

    assert options.lock is not None  # noqa: S101 - there is a lock
    try:
        return read_lock(options.lock)
    except (LockError, OSError) as problem:
        raise pytest.UsageError(f"--claims-lock: {problem}") from None


def _name(options: Options) -> str:
    return "" if options.lock is None else options.lock.name


def _polarity(judged: Judged, culprit: Judged | None) -> str:
    from circuit_assert.ledger import polarity

    return polarity(str(judged.evidence.verdict), judged.held(culprit))


def _results(late: list[Late]) -> str:
    count = len(late)
    return "the first result of 1 claim" if count == 1 else f"the first results of {count} claims"


def _examples(late: list[Late]) -> str:
    said = [
        f"{each.entry.declared.sentence} (locked {_when(each.locked)}, first {each.first.verdict} "
        f"{_when(each.first.at)}{', declared otherwise' if each.otherwise else ''})"
        for each in late[:_SHOWN]
    ]
    rest = len(late) - _SHOWN
    return "; ".join(said) + (f"; and {rest} more" if rest > 0 else "")


def _when(time: str) -> str:
    return time[:16].replace("T", " ")
