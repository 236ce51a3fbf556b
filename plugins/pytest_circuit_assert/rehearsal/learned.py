"""What a rehearsal learns of a test: its claims, and which way it asserts each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_circuit_assert.judgements.places import Statements
from pytest_circuit_assert.rehearsal.stage import Call, Script, Stage

if TYPE_CHECKING:
    from circuit_assert import Claim

_MOST_CALLS = 20


@dataclass
class Learned:
    """What is known of one test.

    Args:
        claims: Those that it judges, in order: id → claim.
        last: Its last call, which got farthest.
    """

    claims: dict[str, Claim] = field(default_factory=dict[str, "Claim"])
    last: Call = field(default_factory=Call)

    def polarity(self, claim_id: str, statements: Statements) -> str:
        """ "asserted", "denied", or "unknown"; never guessed.

        Whoever asserts a claim about several models asserts, or denies, what it says of each.
        """
        for whole, denied in self._as_part_of(claim_id):
            if self._own(whole, statements) == "asserted":
                return "denied" if denied else "asserted"
        return self._own(claim_id, statements)

    def _as_part_of(self, claim_id: str) -> Iterator[tuple[str, bool]]:
        """The claims about several models that it is a part of, and whether as a denial."""
        for whole in self.claims.values():
            for part in whole.parts:
                if part.id == claim_id:
                    yield whole.id, part in whole.denied_parts

    def _own(self, claim_id: str, statements: Statements) -> str:
        asked = [
            each
            for each in self.last.asked
            if each.claim.id == claim_id and each is not self.last.culprit
        ]
        answers = {each.answer for each in asked}
        if len(answers) != 1 or not all(statements.assert_it(each.path) for each in asked):
            return "unknown"
        return "asserted" if answers.pop() else "denied"


def learn(stage: Stage, body: Callable[[], None]) -> Learned:
    """Call a test until no assertion of a claim stops it, or nothing new can be said to it."""
    script, call, claims = Script(), Call(), dict[str, "Claim"]()
    for _ in range(_MOST_CALLS):
        call = stage.perform(body, script)
        for claim_id, claim in call.judged.items():
            claims.setdefault(claim_id, claim)
        if not script.revise(call):
            break
    return Learned(claims, call)
