"""Claims about several models before their court: the evidence for each model, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from circuit_assert.claims.claim import Claim
from circuit_assert.claims.families import AtEachModel
from circuit_assert.evidence import Evidence, Finding
from circuit_assert.model_names import short_names
from circuit_assert.reporting.terminal import observed
from circuit_assert.stats import Verdict
from circuit_assert.stats.sequences import opposite, whole

_SHOWN = 5  # checkpoints that are not as said

Strictly = Callable[[Claim, float], Verdict]
"""A claim's verdict at a smaller rate than α."""


@dataclass(frozen=True)
class _Checkpoint:
    """One model's part.

    Args:
        name: The model, as it is called among the others.
        wanted: The verdict that the whole claims.
        evidence: What was found.
        verdict: What counts for the whole: one that goes the other way at α, but not at α over
            the number of models, counts as inconclusive.
    """

    name: str
    wanted: Verdict
    evidence: Evidence
    verdict: Verdict


def evidence_of(claim: Claim, found: Sequence[Evidence], strictly: Strictly) -> Evidence:
    """The evidence for a claim about several models.

    Args:
        claim: It.
        found: That for each of its parts, in order.
        strictly: Judges a part that goes the other way at a smaller rate.
    """
    assert isinstance(claim.body, AtEachModel)  # noqa: S101 - for the type checker
    alpha = claim.model.false_pass_rate
    checkpoints = _checkpoints(claim.body, found, alpha, strictly)
    verdict = whole([each.verdict for each in checkpoints], [each.wanted for each in checkpoints])
    return Evidence(
        claim_id=claim.id,
        kind=claim.kind,
        sentence=claim.sentence,
        model=claim.model.name,
        verdict=verdict,
        reason=_reason(verdict, checkpoints),
        findings=tuple(map(_finding, checkpoints)),
        arguments=claim.arguments,
        false_pass_rate=alpha,
        p_value=_p_value(verdict, checkpoints, alpha),
        fingerprint=_together(each.fingerprint for each in found),
        dtype=", ".join(dict.fromkeys(each.dtype for each in found)),
        device=", ".join(dict.fromkeys(each.device for each in found)),
        source=claim.source,
        noise_floor=max(each.noise_floor for each in found),
        notes=(_levels(len(found), alpha),),
    )


def _checkpoints(
    body: AtEachModel, found: Sequence[Evidence], alpha: float, strictly: Strictly
) -> list[_Checkpoint]:
    share = alpha / len(found)
    wanted = [Verdict.REFUTED] * len(body.denied) + [Verdict.SUPPORTED] * len(body.supported)
    names = short_names([each.model for each in found])
    made: list[_Checkpoint] = []
    for name, part, want, evidence in zip(names, body.parts, wanted, found, strict=True):
        verdict = evidence.verdict
        if verdict is opposite(want) and strictly(part, share) is not verdict:
            verdict = Verdict.INCONCLUSIVE
        made.append(_Checkpoint(name, want, evidence, verdict))
    return made


def _reason(verdict: Verdict, checkpoints: Sequence[_Checkpoint]) -> str:
    if verdict is Verdict.SUPPORTED:
        denied = [each.name for each in checkpoints if each.wanted is Verdict.REFUTED]
        supported = [each.name for each in checkpoints if each.wanted is Verdict.SUPPORTED]
        return f"refuted at {', '.join(denied)}; supported at {', '.join(supported)}"
    refuted = verdict is Verdict.REFUTED
    deciding = [
        each
        for each in checkpoints
        if (each.verdict is opposite(each.wanted) if refuted else each.verdict is not each.wanted)
    ]
    more = f"; and {len(deciding) - _SHOWN} more" if len(deciding) > _SHOWN else ""
    return "; ".join(map(_said, deciding[:_SHOWN])) + more


def _said(each: _Checkpoint) -> str:
    said = f"{each.name} is {each.evidence.verdict}"
    if each.verdict is not each.evidence.verdict:
        return f"{said} at α, and not at α over the number of models"
    return f"{said} ({each.evidence.reason})"


def _finding(each: _Checkpoint) -> Finding:
    """A line of the table. It has no interval of its own: where a denial is claimed, the part's
    lies outside its region, and drawn beside it would say the opposite.
    """
    verdict = Verdict.SUPPORTED if each.verdict is each.wanted else Verdict.REFUTED
    undecided = each.verdict is Verdict.INCONCLUSIVE
    shown = each.evidence.headline
    numbers = f": {shown.name} {observed(shown)}, {shown.region}" if shown else ""
    return Finding(
        name=each.name,
        role="primary",
        expected=f"the claim is {each.wanted} here",
        verdict=Verdict.INCONCLUSIVE if undecided else verdict,
        reason=f"{each.evidence.verdict}{numbers}",
        p_value=each.evidence.p_value if each.wanted is Verdict.SUPPORTED else None,
        noise_floor=each.evidence.noise_floor,
    )


def _p_value(verdict: Verdict, checkpoints: Sequence[_Checkpoint], alpha: float) -> float:
    """The largest of the parts'; of a denial no more is known than the rate at which it holds."""
    if verdict is not Verdict.SUPPORTED:
        return 1.0
    parts = (
        alpha if each.wanted is Verdict.REFUTED else each.evidence.p_value for each in checkpoints
    )
    return max(alpha if part is None else part for part in parts)


def _levels(count: int, alpha: float) -> str:
    return (
        f"supported where each of {count} models is as said, each at α = {alpha:g}; refuted where "
        f"one is the other way, at α / {count} = {alpha / count:.2g} (intersection-union, Berger "
        f"1982); models in between are not measured"
    )


def _together(fingerprints: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()[:16]
