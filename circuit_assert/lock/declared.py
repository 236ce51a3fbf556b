"""What a claim declares before anything is measured: regions, prompts, ablations, α."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from circuit_assert.claims.claim import Claim, Rests
from circuit_assert.claims.criteria import Body, Criterion, Fact
from circuit_assert.claims.families import ExactlyThese, SomeMember
from circuit_assert.claims.unmeasured import needed_at_first
from circuit_assert.measurements.base import Request

_MOST = 8  # interventions of a criterion in full


@dataclass(frozen=True)
class DeclaredCriterion:
    """One criterion, as far as it is known beforehand.

    Args:
        name: "pattern".
        role: "primary", "guard" or "gate".
        expected: What the claim says of it, in words.
        region: Where its quantity has to lie: "above +0.40"; empty for a fact.
        prompts: The sets that it asks for first, each with the hash of its contents.
        interventions: What is ablated, patched or steered for it, in words; of many, some and a
            hash of all.
    """

    name: str
    role: str
    expected: str
    region: str = ""
    prompts: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """One claim, as it is before it is judged.

    Args:
        claim_id: Its identity.
        sentence: The claim in full.
        claim_type: The claim function's name.
        model: The model's name.
        arguments: What it was called with; prompts with the hash of their contents.
        false_pass_rate: α.
        criteria: In the order of the evidence; of a family, those of its first member.
        members: Of a family: how many there are and a hash of all their criteria.
    """

    claim_id: str
    sentence: str
    claim_type: str
    model: str
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    false_pass_rate: float = 0.0
    criteria: tuple[DeclaredCriterion, ...] = ()
    members: str = ""

    @property
    def subject(self) -> tuple[str, str, str]:
        """What it is about, whatever it says of it: type, model and first argument."""
        return self.claim_type, self.model, next(iter(self.arguments.values()), "")


def declared(claim: Claim) -> Declared:
    """What a claim declares; nothing is measured and no model is loaded."""
    bodies = _bodies(claim.body)
    each = [_criteria(body) for body in bodies]
    return Declared(
        claim_id=claim.id,
        sentence=claim.sentence,
        claim_type=claim.kind,
        model=claim.model.name,
        arguments=dict(claim.arguments),
        false_pass_rate=claim.model.false_pass_rate,
        criteria=each[0] if each else (),
        members=f"{len(each)} members #{_hash(repr(each))}" if len(each) > 1 else "",
    )


def _bodies(rests: Rests) -> Sequence[Body]:
    """All that the claim rests on: of a family every member, for searching and for testing."""
    match rests:
        case SomeMember(members=members, searched=searched):
            return [member.body for member in (*members, *searched)]
        case ExactlyThese(these=these, others=others):
            return [member.body for member in (*these, *others)]
        case Body():
            return (rests,)
        case _:
            return ()


def _criteria(body: Body) -> tuple[DeclaredCriterion, ...]:
    return tuple(_criterion(role, leaf) for role, leaf in body.leaves())


def _criterion(role: str, leaf: Criterion | Fact) -> DeclaredCriterion:
    first = [each for each in needed_at_first(leaf) or () if isinstance(each, Request)]
    prompts = {f"{each.on.name}#{each.on.fingerprint}": None for each in first}
    under = {str(each.under): None for each in first if each.under is not None}
    return DeclaredCriterion(
        name=leaf.name,
        role=role,
        expected=leaf.words,
        region=str(leaf.region) if isinstance(leaf, Criterion) else "",
        prompts=tuple(prompts),
        interventions=_few(list(under)),
    )


def _few(said: list[str]) -> tuple[str, ...]:
    if len(said) <= _MOST:
        return tuple(said)
    rest = said[_MOST:]
    return (*said[:_MOST], f"and {len(rest)} more #{_hash(repr(rest))}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
