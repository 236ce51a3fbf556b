"""Judging a tree of criteria: the one place where error rates are divided.

| | supports | refutes |
|---|---|---|
| all-of | every part, each at α | any primary part, each at α / their number |
| any-of | any part, each at α / their number | every part, each at α |
| exists | the chosen part, at α: other clusters chose it | every part, each at α |
| denied | the refutation of the part, at α | its support, at α |
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from circuit_assert.stats.criteria import (
    AllOf,
    AnyOf,
    Control,
    Criterion,
    Denied,
    Exists,
    Gate,
    Node,
    Settled,
    names,
)
from circuit_assert.stats.verdict import Assessment, Verdict, assess

Role = Literal["primary", "guard", "gate"]

_SUPPORTED, _REFUTED, _INCONCLUSIVE = Verdict


@dataclass(frozen=True)
class Part:
    """What became of one criterion, guard or gate.

    Args:
        name: Its name.
        role: "primary", "guard" or "gate".
        verdict: Its own verdict; only "supported" lets a guard or gate pass.
        reason: Why.
        p_value: Its own; 0 or 1 for a condition found elsewhere without one.
        assessment: The evidence; None for a condition found elsewhere.
    """

    name: str
    role: Role
    verdict: Verdict
    reason: str
    p_value: float
    assessment: Assessment | None


@dataclass(frozen=True)
class Judgement:
    """What became of a claim.

    Args:
        verdict: Of the whole.
        reason: Why, a sentence without a full stop.
        p_value: The smallest alpha at which the whole would be supported, guards and gates
            included: the largest of an all-of's, the smallest of an any-of's times their number.
            Of a denial, no more is worked out than the level at which it holds; else 1.
        parts: Every criterion, guard and gate, in the order of the tree.
        gated: Why nothing is decided, when a gate is closed; else None.
    """

    verdict: Verdict
    reason: str
    p_value: float
    parts: tuple[Part, ...]
    gated: str | None = None

    @property
    def assessments(self) -> dict[str, Assessment]:
        """Name → evidence, in the order of the tree, for all that was measured."""
        return {part.name: part.assessment for part in self.parts if part.assessment}

    def part(self, name: str) -> Part:
        """The part of this name.

        Raises:
            KeyError: naming the parts there are.
        """
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(f"no part {name!r}; there are {[part.name for part in self.parts]}")


def judge(node: Node, alpha: float = 0.01, refute_alpha: float | None = None) -> Judgement:
    """Judge a claim: wrongly supported, and wrongly refuted, with probability at most alpha each.

    A guard that is not supported turns *supported* into *inconclusive*; a closed gate turns
    everything into *inconclusive*. In an any-of, a gate closes its own alternative only.

    Args:
        node: A criterion or a tree of them.
        alpha: The error rate of the whole, in (0, 0.5). Default 0.01.
        refute_alpha: That of refuting it. Default `alpha`.

    Raises:
        ValueError: when two parts share a name, or alpha is not in (0, 0.5).
    """
    repeated = [name for name, count in Counter(names(node)).items() if count > 1]
    if repeated:
        raise ValueError(f"the parts of a claim need different names; {repeated[0]!r} is repeated.")
    return _judge(node, alpha, alpha if refute_alpha is None else refute_alpha)


def _judge(node: Node, alpha: float, refute_alpha: float) -> Judgement:
    match node:
        case Criterion():
            return _judge_criterion(node, alpha, refute_alpha)
        case Settled():
            return _judge_settled(node)
        case AllOf():
            return _judge_all(node, alpha, refute_alpha)
        case AnyOf():
            return _judge_any(node, alpha, refute_alpha)
        case Denied(denied):
            return _deny(_judge(denied, refute_alpha, alpha), alpha)
        case Exists():
            return _judge_exists(node, alpha, refute_alpha)


def _judge_criterion(node: Criterion, alpha: float, refute_alpha: float) -> Judgement:
    found = assess(
        node.sample,
        node.region,
        alpha=alpha,
        refute_alpha=refute_alpha,
        noise_floor=node.noise_floor,
    )
    part = Part(node.name, "primary", found.verdict, found.reason, found.p_value, found)
    return Judgement(part.verdict, part.reason, part.p_value, (part,))


def _judge_settled(node: Settled) -> Judgement:
    p_value = 0.0 if node.verdict is _SUPPORTED else 1.0
    part = Part(node.name, "primary", node.verdict, node.reason, p_value, None)
    return Judgement(part.verdict, part.reason, p_value, (part,))


def _judge_all(node: AllOf, alpha: float, refute_alpha: float) -> Judgement:
    share = refute_alpha / len(node.primaries)
    judged = [
        _judge_control(part, alpha) if isinstance(part, Control) else _judge(part, alpha, share)
        for part in node.nodes
    ]
    primaries = [
        x for x, part in zip(judged, node.nodes, strict=True) if not isinstance(part, Control)
    ]
    gated = next((x.gated for x in judged if x.gated), None)
    verdict, reason = _conjunction(judged, primaries)
    return Judgement(
        verdict=_INCONCLUSIVE if gated else verdict,
        reason=gated or reason,
        p_value=max(x.p_value for x in judged),
        parts=_parts(judged),
        gated=gated,
    )


def _conjunction(judged: list[Judgement], primaries: list[Judgement]) -> tuple[Verdict, str]:
    """Verdict and reason of an all-of whose gates are open."""
    # the order matters: a denial stands whatever the guards say, and a primary part that is
    # itself undecided says more than the guard beside it
    for verdict in (_REFUTED, _INCONCLUSIVE):
        for x in primaries:
            if x.verdict is verdict:
                return verdict, _named(x, primaries)
    for x in judged:
        if x.verdict is not _SUPPORTED:
            return _INCONCLUSIVE, x.reason
    return _SUPPORTED, "; ".join(_named(x, primaries) for x in primaries)


def _judge_any(node: AnyOf, alpha: float, refute_alpha: float) -> Judgement:
    m = len(node.nodes)
    judged = [_judge(part, alpha / m, refute_alpha) for part in node.nodes]
    verdict, reason = _disjunction(judged)
    gates = [x.gated for x in judged]
    return Judgement(
        verdict=verdict,
        reason=reason,
        p_value=min(1.0, m * min(x.p_value for x in judged)),
        parts=_parts(judged),
        gated=gates[0] if all(gates) else None,
    )


def _disjunction(judged: list[Judgement]) -> tuple[Verdict, str]:
    for verdict in (_SUPPORTED, _INCONCLUSIVE):
        for x in judged:
            if x.verdict is verdict:
                return verdict, _named(x, judged)
    return _REFUTED, "; ".join(_named(x, judged) for x in judged)


def _judge_exists(node: Exists, alpha: float, refute_alpha: float) -> Judgement:
    chosen = _judge(node.chosen, alpha, refute_alpha)
    judged = [chosen, *(_judge(other, alpha, refute_alpha) for other in node.others)]
    verdict, reason = chosen.verdict, chosen.reason
    if verdict is _REFUTED:
        verdict, reason = _none_of(judged)
    return Judgement(verdict, reason, chosen.p_value, _parts(judged), chosen.gated)


def _none_of(judged: list[Judgement]) -> tuple[Verdict, str]:
    """Refuted when every member is: to claim that none is true needs evidence against each."""
    standing = [x for x in judged if x.verdict is not _REFUTED]
    if not standing:
        return _REFUTED, f"each of {len(judged)} is refuted; the one that was chosen: " + (
            judged[0].reason
        )
    # the chosen one is refuted, and another is no winner of the half that chose
    reason = standing[0].reason
    return _INCONCLUSIVE, f"the chosen one is refuted, {len(standing)} other(s) not: {reason}"


def _deny(judged: Judgement, alpha: float) -> Judgement:
    opposite = {_SUPPORTED: _REFUTED, _REFUTED: _SUPPORTED}.get(judged.verdict, _INCONCLUSIVE)
    p_value = alpha if opposite is _SUPPORTED else 1.0
    return Judgement(opposite, judged.reason, p_value, judged.parts, judged.gated)


def _judge_control(control: Control, alpha: float) -> Judgement:
    """A guard or gate as a judgement: supported, or inconclusive with what its failure means."""
    part = _control_part(control, alpha)
    failed = part.verdict is not _SUPPORTED
    reason = f"{control.reason} ({control.name}: {part.reason})" if part.assessment else part.reason
    return Judgement(
        verdict=_INCONCLUSIVE if failed else _SUPPORTED,
        reason=reason,
        p_value=part.p_value,
        parts=(part,),
        gated=reason if failed and part.role == "gate" else None,
    )


def _control_part(control: Control, alpha: float) -> Part:
    role: Role = "gate" if isinstance(control, Gate) else "guard"
    if control.sample is None or control.region is None:
        return _found_part(control, role, alpha)
    found = assess(control.sample, control.region, alpha=alpha, noise_floor=control.noise_floor)
    return Part(control.name, role, found.verdict, found.reason, found.p_value, found)


def _found_part(control: Control, role: Role, alpha: float) -> Part:
    passed = bool(control.passed)
    p = control.p_value if control.p_value is not None else 1.0 - passed
    # found at its own level, it still has to reach the one that is asked for here
    holds = control.passed is not None and (p <= alpha if control.p_value is not None else passed)
    if holds:
        return Part(control.name, role, _SUPPORTED, "found to hold", p, None)
    p = p if control.passed is not None else 1.0
    return Part(control.name, role, _INCONCLUSIVE, f"{control.reason} ({control.name})", p, None)


def _named(judgement: Judgement, among: list[Judgement]) -> str:
    """The reason, after the part's name where there are several and it has one."""
    alone = len(among) == 1 or len(judgement.parts) != 1
    return judgement.reason if alone else f"{judgement.parts[0].name}: {judgement.reason}"


def _parts(judged: list[Judgement]) -> tuple[Part, ...]:
    return tuple(part for x in judged for part in x.parts)
