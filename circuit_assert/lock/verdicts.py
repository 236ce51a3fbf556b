"""Which verdicts are older than the lock that they are judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.ledger import ClaimRecord, Ledger
from circuit_assert.lock.file import Entry, Lock
from circuit_assert.lock.times import Times


@dataclass(frozen=True)
class Late:
    """A claim that had been judged before it was locked.

    Args:
        entry: The claim.
        locked: When its entry came to be as it is.
        first: Its first verdict.
    """

    entry: Entry
    locked: str
    first: ClaimRecord

    @property
    def otherwise(self) -> bool:
        """Whether that verdict was on the same with other thresholds, prompts or ablations."""
        return self.first.claim_id != self.entry.declared.claim_id


def judged_before(lock: Lock, times: Times, runs: Iterable[Ledger]) -> list[Late]:
    """The entries that are newer than a verdict on the claim, or on the like in the same test.

    Args:
        lock: What is locked.
        times: Since when.
        runs: All that are kept, in any order.
    """
    first = _first_verdicts(runs)
    late: list[Late] = []
    for entry in lock.entries:
        locked = times.of.get(entry.key, "")
        keys = (entry.declared.claim_id, (entry.test, *entry.declared.subject))
        verdicts = [first[key] for key in keys if key in first]
        earliest = min(verdicts, key=lambda each: each.at, default=None)
        if locked and earliest is not None and earliest.at < locked:
            late.append(Late(entry, locked, earliest))
    return late


def _first_verdicts(runs: Iterable[Ledger]) -> dict[object, ClaimRecord]:
    """By claim id, and by test and subject."""
    first: dict[object, ClaimRecord] = {}
    for claim in (claim for run in runs for claim in run.claims if claim.at):
        subject = next(iter(claim.arguments.values()), "")
        key = (claim.nodeid, claim.claim_type, claim.model, subject)
        for each in (claim.claim_id, key):
            if each not in first or claim.at < first[each].at:
                first[each] = claim
    return first
