"""One attempt at one test: the claims it builds, those it judges, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_circuit_assert.judgements.places import Path, failing_path, leads_to

if TYPE_CHECKING:
    from circuit_assert import Claim
    from circuit_assert.evidence import Evidence
    from circuit_assert.lock import Declared


@dataclass
class Judged:
    """A claim that the test has judged.

    Args:
        evidence: What was found: plain data.
        asked_at: From where its truth was asked; nowhere when it was only looked at.
        asserted: Whether each of these places asserts or denies it, come what may.
    """

    evidence: Evidence
    asked_at: set[Path] = field(default_factory=set[Path])
    asserted: bool = True

    @property
    def undecided(self) -> bool:
        """Whether the evidence allows neither verdict."""
        return self.evidence.verdict == "inconclusive"

    def held(self, culprit: Judged | None) -> bool | None:
        """Whether what the test asserts of it held; None when it cannot be told.

        Args:
            culprit: The claim by which the test failed, if it did.
        """
        if not self.asked_at:
            return None
        if self is culprit or self.undecided:
            return False
        return True if self.asserted else None


@dataclass
class Trial:
    """One attempt at a test.

    Args:
        made: Claims that the test's body has built: id → sentence.
        judged: Claims that it has judged, by id, in the order of first judgement.
        last_asked: The claim whose truth was last asked for.
        in_body: Whether the test's own function is running.
        declared: What the claims that it has judged declare, by id; only where there is a lock.
    """

    made: dict[str, str] = field(default_factory=dict[str, str])
    judged: dict[str, Judged] = field(default_factory=dict[str, Judged])
    last_asked: Judged | None = None
    in_body: bool = False
    declared: dict[str, Declared] = field(default_factory=dict[str, "Declared"])

    def note_made(self, claim: Claim) -> None:
        """A claim was built; those that fixtures build may be for another test."""
        if self.in_body:
            self.made[claim.id] = claim.sentence

    def note_judged(self, claim: Claim, evidence: Evidence) -> Judged:
        """A claim has been judged, for the first time or again."""
        return self.judged.setdefault(claim.id, Judged(evidence))

    def note_asked(self, judged: Judged, path: Path, *, asserted: bool) -> None:
        """A claim's truth was asked for."""
        judged.asked_at.add(path)
        judged.asserted = judged.asserted and asserted
        self.last_asked = judged

    def culprit(self, failure: BaseException | None) -> Judged | None:
        """The claim by which the test failed; None when it failed by something else."""
        from circuit_assert.errors import Inconclusive

        if isinstance(failure, Inconclusive):
            return self.last_asked
        if not isinstance(failure, AssertionError):
            return None
        failing = failing_path(failure.__traceback__)
        for judged in reversed(self.judged.values()):
            if any(leads_to(path, failing) for path in judged.asked_at):
                return judged
        return None

    @property
    def unjudged(self) -> list[str]:
        """The sentences of claims that were built and not judged."""
        return [words for claim_id, words in self.made.items() if claim_id not in self.judged]
