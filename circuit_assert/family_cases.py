"""Claims about a family before their court: the cases of its members, put together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np

from circuit_assert import stats
from circuit_assert.claims.claim import Claim, Rests
from circuit_assert.claims.criteria import Body
from circuit_assert.claims.families import ExactlyThese, Member, SomeMember
from circuit_assert.errors import ClaimError
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.execution.known import Known
from circuit_assert.judging import Case
from circuit_assert.measurements.base import AnyRequest
from circuit_assert.stats import Verdict
from circuit_assert.stats.verdict import NOISE_FLOORS

_SHOWN = 5  # of a ranking
_VERDICTS = (Verdict.SUPPORTED, Verdict.INCONCLUSIVE, Verdict.REFUTED)


class AnyCase(Protocol):
    """One claim before its court."""

    def missing(self) -> list[AnyRequest]:
        """The requests to measure next; none when the claim can be judged."""
        ...

    def evidence(self, claim: Claim, *, seconds: float, runs: int, reused: int) -> Evidence:
        """What was found, and what follows."""
        ...


def case_of(body: Rests, known: Known, alpha: float) -> AnyCase:
    """The case of a claim that rests on this body."""
    match body:
        case Body():
            return Case(body, known, alpha)
        case SomeMember():
            return SomeCase(body, known, alpha)
        case ExactlyThese():
            return ExactCase(body, known, alpha)
        case _:
            raise ClaimError(f"there is no way to judge {type(body).__name__}.")


class SomeCase:
    """Some member is as claimed: who does best on one half, then that one on the other, then all.

    On the discovery half a member is measured until it is refuted, and no more once one is left.
    On the test half the rest is measured only when the one that was chosen is refuted, and no more
    once another stands.

    Args:
        family: The family.
        known: The model's scores.
        alpha: The false-pass rate.
    """

    def __init__(self, family: SomeMember, known: Known, alpha: float) -> None:
        self._family, self._alpha = family, alpha
        self._searched = [Case(member.body, known, alpha) for member in family.searched]
        self._tested = [Case(member.body, known, alpha) for member in family.members]
        self._candidates, self._open = list(self._searched), list(self._tested)

    def missing(self) -> list[AnyRequest]:
        """What chooses; what the chosen one needs; what the others need to be refuted too."""
        self._candidates = [case for case in self._candidates if not _is_refuted(case)]
        choosing = _merged(self._candidates) if len(self._candidates) > 1 else []
        if choosing:
            return choosing
        chosen = self._tested[self._order[0]]
        wanted = chosen.missing()
        if wanted or not _is_refuted(chosen):
            return wanted
        self._open = [case for case in self._open if not _is_refuted(case)]
        return [] if any(case.stands() for case in self._open) else _merged(self._open)

    def evidence(self, claim: Claim, *, seconds: float, runs: int, reused: int) -> Evidence:
        """The chosen one's findings, then of each other one what decides on it."""
        chosen, *others = (self._tested[place] for place in self._order)
        if not _is_refuted(chosen):
            others = []  # whatever they are, the verdict rests on the chosen one
        found = [
            case.evidence(claim, seconds=seconds, runs=runs, reused=reused)
            for case in (chosen, *others)
        ]
        tree = stats.Exists(chosen.tree(), [case.tree() for case in others])
        judged = stats.judge(tree, self._alpha)
        supported = judged.verdict is Verdict.SUPPORTED
        return replace(
            found[0],
            verdict=judged.verdict,
            reason=self._reason(judged),
            findings=(*found[0].findings, *_deciding(found[1:])),
            p_value=judged.p_value,
            noise_floor=max(each.noise_floor for each in found),
            notes=self._how_chosen() if supported else (*self._how_chosen(), self._bound()),
        )

    def _reason(self, judged: stats.Judgement) -> str:
        first = self._family.members[self._order[0]].component
        said = f"{first} does best on the discovery half. On the test half: {judged.reason}"
        if not _is_refuted(self._tested[self._order[0]]) or judged.verdict is Verdict.REFUTED:
            return said
        standing = ", ".join(
            str(member.component)
            for member, case in zip(self._family.members, self._tested, strict=True)
            if not _is_refuted(case)
        )
        refuted = f"{first} does best on the discovery half and is refuted on the test half"
        return f"{refuted}, where {standing} could not be refuted"

    @cached_property
    def _ranks(self) -> list[tuple[int, float, float]]:
        """Of each member on the discovery half: place of its verdict, distance inside, estimate."""
        return [
            _rank(case, member)
            for case, member in zip(self._searched, self._family.searched, strict=True)
        ]

    @cached_property
    def _order(self) -> list[int]:
        """The members, the best on the discovery half first; without an estimate, last."""
        key = [(place, math.isnan(inside), -inside) for place, inside, _ in self._ranks]
        return sorted(range(len(key)), key=lambda member: (*key[member], member))

    def _how_chosen(self) -> tuple[str, ...]:
        family = self._family
        leaders = ", ".join(
            f"{family.members[i].component} {_VERDICTS[self._ranks[i][0]]} {self._ranks[i][2]:+.3g}"
            for i in self._order[:_SHOWN]
        )
        return (
            f"found on {family.searched_on.name}, tested on {family.on.name}: no cluster in both",
            f"best of {len(self._order)} on the discovery half, by verdict and {family.criterion}: "
            f"{leaders}",
        )

    def _bound(self) -> str:
        """What holds of every member's first criterion at once, where that can be said."""
        bound = _bound_of_all([case.tree() for case in self._tested], self._alpha)
        return f"every head's {self._family.criterion}: {bound}"


class ExactCase:
    """These members are as claimed and the others are not.

    Args:
        family: The family.
        known: The model's scores.
        alpha: The false-pass rate.
    """

    def __init__(self, family: ExactlyThese, known: Known, alpha: float) -> None:
        share = alpha / (len(family.these) + len(family.others))
        self._alpha = alpha
        self._these = [Case(member.body, known, alpha, share) for member in family.these]
        self._others = [Case(member.body, known, share, alpha) for member in family.others]
        self._members = (*family.these, *family.others)

    def missing(self) -> list[AnyRequest]:
        """What any member still needs, unless one has decided against the whole."""
        wrong = [case.judged().verdict is Verdict.REFUTED for case in self._these]
        wrong += [case.judged().verdict is Verdict.SUPPORTED for case in self._others]
        return [] if any(wrong) else _merged([*self._these, *self._others])

    def evidence(self, claim: Claim, *, seconds: float, runs: int, reused: int) -> Evidence:
        """What decides on each member, these members first."""
        each = [
            case.evidence(claim, seconds=seconds, runs=runs, reused=reused)
            for case in (*self._these, *self._others)
        ]
        denied = [stats.Denied(case.tree()) for case in self._others]
        whole = stats.AllOf([*(case.tree() for case in self._these), *denied])
        judged = stats.judge(whole, self._alpha)
        these, others = each[: len(self._these)], each[len(self._these) :]
        return replace(
            each[0],
            verdict=judged.verdict,
            reason=self._reason(judged, these, others),
            findings=(*(f for one in these for f in one.findings), *_deciding(others)),
            false_pass_rate=self._alpha,
            p_value=judged.p_value,
            noise_floor=max(one.noise_floor for one in each),
            notes=(self._levels(),),
        )

    def _reason(
        self, judged: stats.Judgement, these: Sequence[Evidence], others: Sequence[Evidence]
    ) -> str:
        """Which members are not as the claim says; of all of them, when it is supported."""
        if judged.verdict is Verdict.SUPPORTED:
            rest = f", each of {len(others)} others refuted" if others else ""
            return f"{len(these)} supported{rest}"
        wanted = [Verdict.SUPPORTED] * len(these) + [Verdict.REFUTED] * len(others)
        wrong = [
            f"{member.name} is {found.verdict}"
            for member, found, right in zip(self._members, (*these, *others), wanted, strict=True)
            if found.verdict is not right
        ]
        return f"{'; '.join(wrong[:_SHOWN])}: {judged.reason}"

    def _levels(self) -> str:
        members = len(self._members)
        return (
            f"supported where every member is as said, each at α = {self._alpha:g}; refuted where "
            f"one is not, each of {members} at α / {members} = {self._alpha / members:.2g}"
        )


def _is_refuted(case: Case) -> bool:
    return case.judged().verdict is Verdict.REFUTED


def _merged(cases: Iterable[Case]) -> list[AnyRequest]:
    return list(dict.fromkeys(request for case in cases for request in case.missing()))


def _rank(case: Case, member: Member) -> tuple[int, float, float]:
    """How well a member does: place of its verdict, distance inside its first region, estimate."""
    judged = case.judged()
    first = judged.part(member.first.name).assessment
    if first is None:
        return _VERDICTS.index(judged.verdict), math.nan, math.nan
    effect = first.estimate.effect
    inside = min(effect - first.region.low, first.region.high - effect)
    return _VERDICTS.index(judged.verdict), inside, effect


def _deciding(others: Iterable[Evidence]) -> list[Finding]:
    return [found for other in others if (found := _decisive(other.findings)) is not None]


def _decisive(findings: Sequence[Finding]) -> Finding | None:
    """What refutes a member; where nothing does, the first that was measured and does not hold."""
    refuting = [f for f in findings if f.role == "primary" and f.verdict is Verdict.REFUTED]
    measured = [f for f in findings if f.effect is not None]
    failing = [f for f in measured if f.verdict is not Verdict.SUPPORTED]
    return next(iter([*refuting, *failing, *measured]), None)


def _bound_of_all(trees: Sequence[stats.AllOf], alpha: float) -> str:
    """A bound that every member's first criterion is beyond at once, by max-T; or why not."""
    first = [tree.primaries[0] for tree in trees]
    criteria = [node for node in first if isinstance(node, stats.Criterion)]
    samples = [c.sample for c in criteria if isinstance(c.sample, stats.Sample)]
    if len(samples) < len(trees):
        return "no simultaneous bound: it was not measured for each, or is no mean"
    if any(sample.clusters != samples[0].clusters for sample in samples):
        return "no simultaneous bound: not measured on the same units"
    table = np.stack([sample.values for sample in samples], axis=1)
    family = stats.simultaneous(table, dict(samples[0].clusters), alpha)
    if family.reason is not None:
        return f"no simultaneous bound: {family.reason}"
    margin = NOISE_FLOORS * max(criterion.noise_floor for criterion in criteria)
    by = f"simultaneously (max-T over {len(trees)}, {family.clusters} clusters)"
    if math.isfinite(criteria[0].region.low):
        return f"below {family.upper(alpha).max() + margin:+.3g} {by}"
    return f"above {family.lower(alpha).min() - margin:+.3g} {by}"
