"""Verdicts that earlier runs reached, by the same code, on all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from circuit_assert.claims.claim import Claim, ClaimKey, Rests
from circuit_assert.claims.criteria import Body, Criterion
from circuit_assert.claims.families import AtEachModel, ExactlyThese, Family, SomeMember
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.execution.known import Known
from circuit_assert.measurements.base import AnyRequest
from circuit_assert.stats import Verdict


class RememberedVerdicts:
    """Evidence in the cache of scores: what was judged before need not be judged again.

    What a verdict follows from is hashed: the model, the claim's criteria with their prompts'
    tokens, the false-pass rate, and all code. Claims made of a user's own measurements or
    quantities are judged anew, for only their owner can tell them from others; rules written as
    functions are told by their code where that is all there is to them (`prompts/functions.py`).

    Args:
        known: The loaded model.
        false_pass_rate: α.
    """

    def __init__(self, known: Known, false_pass_rate: float) -> None:
        self._known, self._rate = known, false_pass_rate
        self._keys: dict[ClaimKey, str | None] = {}  # to hash all that one follows from takes long

    def get(self, claim: Claim) -> Evidence | None:
        """The evidence, as if its scores had been read from the cache; None when there is none."""
        recall, key = self._known.recall, self._key(claim)
        kept = recall.text(key) if recall and key else None
        if kept is None:
            return None
        said: dict[str, Any] = json.loads(kept)
        findings = tuple(Finding.of(each) for each in said.pop("findings"))
        verdict, notes = Verdict(said.pop("verdict")), tuple(said.pop("notes"))
        return Evidence(**said, findings=findings, verdict=verdict, notes=notes)

    def put(self, claim: Claim, evidence: Evidence) -> None:
        """Keep the evidence, unless there is no cache or no telling what it follows from."""
        recall, key = self._known.recall, self._key(claim)
        if not recall or not key:
            return
        rests_on = len(set(_requests(claim.body, self._known)))
        cheap = replace(evidence, seconds=0.0, runs=0, reused=rests_on)
        recall.put_text(json.dumps(cheap.record), key)

    def _key(self, claim: Claim) -> str | None:
        recall = self._known.recall
        if recall is not None and claim.key not in self._keys:
            self._keys[claim.key] = recall.text_key(*self._described(claim))
        return self._keys.get(claim.key)

    def _described(self, claim: Claim) -> tuple[object, ...]:
        spec = self._known.spec
        said = claim.id, claim.kind, claim.sentence, claim.source, claim.arguments
        return "verdict", *said, claim.body, self._rate, spec.name, spec.dtype, spec.place()


def _requests(body: Rests, known: Known) -> list[AnyRequest]:
    """The scores that a verdict rests on, as far as they were measured."""
    found: list[AnyRequest] = []
    for each in _bodies(body):
        for _, leaf in each.leaves():
            source = leaf.quantity if isinstance(leaf, Criterion) else leaf.question
            found += [request for request in source.needs(known) if request in known]
    return found


def _bodies(body: Rests) -> list[Body]:
    match body:
        case Body():
            return [body]
        case SomeMember():
            return [member.body for member in (*body.searched, *body.members)]
        case ExactlyThese():
            return [member.body for member in (*body.these, *body.others)]
        case Family() | AtEachModel():
            return []
