"""What became of one claim between two runs."""

from __future__ import annotations

from dataclasses import dataclass

from circuit_assert.comparison.drift import Drift
from circuit_assert.ledger import ClaimRecord

_WANTED = {"asserted": "supported", "denied": "refuted"}
_OPPOSITE = {"supported": "refuted", "refuted": "supported"}


@dataclass(frozen=True)
class Change:
    """A claim that both runs judged.

    Args:
        before: Its first judgement in the earlier run.
        after: Its first judgement in the later run.
        polarities: Which ways it is asserted: "asserted", "denied"; nothing when it is not known.
        drift: How its effect moved; None when it did not, or it cannot be told.
    """

    before: ClaimRecord
    after: ClaimRecord
    polarities: frozenset[str] = frozenset()
    drift: Drift | None = None

    @property
    def another_verdict(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.verdict != self.after.verdict

    @property
    def worse(self) -> bool:
        """Whether the new verdict speaks against what a test asserts, and the old one less so."""
        return any(self._worse(_WANTED[each]) for each in self.polarities)

    def _worse(self, wanted: str) -> bool:
        grades = [wanted, "inconclusive", _OPPOSITE[wanted]]
        if self.after.verdict not in grades or self.before.verdict not in grades:
            return False
        return grades.index(self.after.verdict) > grades.index(self.before.verdict)

    @property
    def drifted(self) -> bool:
        """Whether the paired difference excludes zero."""
        return self.drift is not None and self.drift.is_paired


@dataclass(frozen=True)
class NotRun:
    """A claim whose test gave no verdict in the later run.

    Args:
        last: Its last verdict that is known.
        reason: What the later run says of its test; empty when it says nothing: the test was
            not selected, was skipped, failed before it came to the claim, or is no more.
    """

    last: ClaimRecord
    reason: str = ""


@dataclass(frozen=True)
class Gone:
    """A claim that its test, which ran, no longer judges.

    Args:
        last: Its verdict in the earlier run.
        instead: What the same test now claims of the same components; None when it is not clear.
    """

    last: ClaimRecord
    instead: ClaimRecord | None = None

    @property
    def differs(self) -> dict[str, tuple[str, str]]:
        """Argument → what it was and what it is, where the two differ."""
        return {} if self.instead is None else arguments_that_differ(self.last, self.instead)


def arguments_that_differ(was: ClaimRecord, now: ClaimRecord) -> dict[str, tuple[str, str]]:
    """Argument → what it was and what it is, where the two differ; "–" for none."""
    return {
        name: (was.arguments.get(name, "–"), now.arguments.get(name, "–"))
        for name in {**was.arguments, **now.arguments}
        if was.arguments.get(name) != now.arguments.get(name)
    }
