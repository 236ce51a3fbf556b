"""What a report is of: the last verdict on every claim, its tests, and what came before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from circuit_assert.ledger import ClaimRecord, Polarity, RunRecord
from circuit_assert.reporting.matrix import Said

_SAFE = re.compile(r"[\w.-]{1,80}", re.ASCII)
STANDINGS = ("fails", "inconclusive", "not run", "open", "holds", "looked at")
"""What became of a claim, what needs a look first."""


@dataclass(frozen=True)
class Run:
    """A ledger, as far as the report shows it.

    Args:
        number: Its place in the order of time, from one.
        name: The ledger's name.
        started: When: UTC, ISO 8601.
        record: Its first line; None when that is missing.
        ended: Whether it came to its end.
        earlier: Whether it only tells what came before.
    """

    number: int
    name: str
    started: str
    record: RunRecord | None
    ended: bool
    earlier: bool = False


class Past(NamedTuple):
    """A claim's verdict in one run."""

    run: str
    at: str
    verdict: str
    held: bool | None


@dataclass(frozen=True)
class Tested:
    """One test of a claim.

    Args:
        nodeid: Which.
        held: Whether what it asserts of the claim held; None when that cannot be told.
        polarity: Whether it asserts or denies the claim.
        outcome: How the test ended.
        missing: Why it was not judged in the last run; empty when it was.
    """

    nodeid: str
    held: bool | None
    polarity: Polarity
    outcome: str
    missing: str = ""

    @property
    def suite(self) -> str:
        """The file that it is in."""
        return self.nodeid.partition("::")[0]


@dataclass(frozen=True)
class Entry(Said):
    """A claim: its last verdict and what its tests make of it.

    Args:
        record: The last judgement.
        tests: That judge it.
        past: Its verdicts in all runs, the earliest first.
        run: The name of the run that judged it last.
        holm: Holm's adjusted p-value in that run.
        q_value: Benjamini and Yekutieli's q-value in that run.
        number: Its place in the report.
    """

    record: ClaimRecord
    tests: tuple[Tested, ...]
    past: tuple[Past, ...] = ()
    run: str = ""
    holm: float | None = None
    q_value: float | None = None
    number: int = 0

    @property
    def anchor(self) -> str:
        """What links to it end in: the same in each report of the claim."""
        known = self.record.claim_id
        return f"claim-{known}" if _SAFE.fullmatch(known) else f"claim-number-{self.number}"

    @property
    def suites(self) -> list[str]:
        """The files of its tests."""
        return list(dict.fromkeys(test.suite for test in self.tests))

    @property
    def missing(self) -> str:
        """Why none of its tests judged it in the last run; empty when one did."""
        reasons = [test.missing for test in self.tests]
        return reasons[0] if reasons and all(reasons) else ""

    @cached_property
    def standing(self) -> str:
        """What became of it: one of `STANDINGS`."""
        if self.missing:
            return "not run"
        if self.record.verdict not in ("supported", "refuted"):
            return "inconclusive" if self.record.open is None else "open"
        held = [test.held for test in self.tests if test.held is not None]
        if not held:
            return "looked at"
        return "holds" if all(held) else "fails"

    @property
    def rank(self) -> int:
        """What needs a look comes first."""
        return STANDINGS.index(self.standing)


class Absent(NamedTuple):
    """A test of claims that never ran in the runs at hand."""

    nodeid: str
    reason: str
    run: str


class Point(NamedTuple):
    """A model's assertions in one run."""

    run: Run
    held: int
    total: int
