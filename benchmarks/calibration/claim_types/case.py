"""One way to be wrong about a claim type: planted models, and claims on fresh prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from circuit_assert import Claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.stats.region import above

Kind = Literal["at the bound", "true", "easy null"]


@dataclass(frozen=True)
class Case:
    """Instances of one claim type that are alike.

    Args:
        claim_type: Its name.
        what: The criterion whose population value is at its bound, or what is true or false.
        kind: "at the bound": that criterion's population value is exactly there, the others'
            clearly inside. "true": all are inside. "easy null": nothing was planted.
        claims: From the seed of a model to claims about it, each on prompts of its own.
        models: How many models.
        share: Of the instances that the table is asked for, where each takes long.
        promised: Whether the promise covers it: not where one unit in many decides the mean.
    """

    claim_type: str
    what: str
    kind: Kind
    claims: Callable[[int], Iterator[Claim]]
    models: int = 8
    share: float = 1.0
    promised: bool = True


def detectable(claim: Claim, criterion: str) -> float:
    """How far inside its bound the evidence says that an effect would be found 8 times in 10."""
    findings = {finding.name: finding for finding in claim.check().findings}
    return findings[criterion].detectable or 0.0


def with_bound(claim: Claim, criterion: str, bound: float) -> Claim:
    """The same claim, one of its primary criteria claimed to lie above another bound.

    Args:
        claim: Of several primary criteria.
        criterion: The name of the one.
        bound: Its bound.
    """
    body = claim.body
    assert isinstance(body, Body)
    assert isinstance(body.primaries, AllOf)
    moved = [
        replace(part, region=above(bound))
        if isinstance(part, Criterion) and part.name == criterion
        else part
        for part in body.primaries.parts
    ]
    return Claim(
        claim.kind,
        claim.words,
        model=claim.model,
        body=replace(body, primaries=AllOf(tuple(moved))),
        arguments={**claim.arguments, f"{criterion} above": f"{bound:g}"},
        source=claim.source,
    )
