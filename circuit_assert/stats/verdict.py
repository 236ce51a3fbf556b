"""Verdicts: an interval against a region."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from circuit_assert.stats.decision import Decision, Sides
from circuit_assert.stats.estimate import AnySample, Estimate, decide, read
from circuit_assert.stats.power import (
    clusters_needed,
    clusters_needed_for_proportion,
    exceptional_share,
    min_detectable_effect,
    min_detectable_proportion,
)
from circuit_assert.stats.region import Region

NOISE_FLOORS = 3
"""By how many noise floors each end of an interval is widened before it is judged."""


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    """The interval lies inside the region."""

    REFUTED = "refuted"
    """The interval and the region are disjoint."""

    INCONCLUSIVE = "inconclusive"
    """Anything else, and whatever cannot be decided."""


@dataclass(frozen=True)
class Assessment:
    """One sample judged against one region.

    Args:
        region: What is claimed of the effect.
        verdict: What the intervals say of it.
        reason: A sentence on why, without a full stop.
        estimate: The effect, and the interval that supports; widened by the noise.
        refutation: The same effect with the interval that refutes; widened by the noise.
        p_value: The smallest alpha at which the claim would be supported: at most
            `estimate.alpha` exactly when it is. 1.0 when undecidable.
        min_detectable_effect: How far inside its bound a true effect has to be, to be supported
            8 times in 10; for a region with two bounds, the half-width of the narrowest region
            that a centred effect would be found in. Noise included. None when it is undecidable,
            or no effect is large enough.
        clusters_needed: About how many clusters (of each name, if crossed) would decide the
            observed effect. None when the claim is decided, or no number can be given.
        exceptional_share: The share of exceptional clusters that as many agreeing ones cannot
            exclude.
    """

    region: Region
    verdict: Verdict
    reason: str
    estimate: Estimate
    refutation: Estimate
    p_value: float
    min_detectable_effect: float | None
    clusters_needed: int | None
    exceptional_share: float


def assess(
    sample: AnySample,
    region: Region,
    *,
    alpha: float = 0.01,
    refute_alpha: float | None = None,
    noise_floor: float = 0.0,
) -> Assessment:
    """Judge one sample against one region.

    Supported when the interval at level 1 − 2·alpha lies inside the region: wrong with
    probability at most alpha (symmetric cluster means; at most 4·alpha on skewed ones). Refuted
    when an interval is disjoint from it: wrong with probability at most refute_alpha. A region
    with two bounds can be missed on either side, so each side then gets half of refute_alpha.

    Args:
        sample: Values and clusters, or a statistic to jackknife.
        region: Where the effect is claimed to lie.
        alpha: The false-pass rate, in (0, 0.5). Default 0.01.
        refute_alpha: The rate of false refutations. Default `alpha`.
        noise_floor: How far the engine's own choices move a score, in the effect's unit; both
            ends of an interval are widened by three of it. Default 0.

    Raises:
        ValueError: when a rate is not in (0, 0.5), or the noise floor is negative or not finite.
    """
    if not 0 <= noise_floor < math.inf:
        raise ValueError(f"a noise floor is finite and not negative, got {noise_floor}.")
    margin = NOISE_FLOORS * noise_floor
    sides: Sides = 2 if region.two_sided else 1
    refute_at = (alpha if refute_alpha is None else refute_alpha) / sides
    decision = decide(sample, alpha, sides)
    support = read(decision, alpha).widened(margin)
    # the same where it is asked for the same thing: a statistic may be slow to jackknife
    shared = sides == 1 and refute_at == alpha
    refutation = support if shared else read(decide(sample, refute_at), refute_at).widened(margin)
    verdict = _verdict(support, refutation, region)
    return Assessment(
        region=region,
        verdict=verdict,
        reason=_reason(verdict, support, refutation, region),
        estimate=support,
        refutation=refutation,
        p_value=decision.p_value(region, margin),
        min_detectable_effect=_detectable(decision, region, alpha, margin),
        clusters_needed=_needed(verdict, decision, region, (alpha, refute_at), margin),
        exceptional_share=exceptional_share(alpha, decision.k),
    )


def _verdict(support: Estimate, refutation: Estimate, region: Region) -> Verdict:
    if support.decidable and region.contains(support.interval):
        return Verdict.SUPPORTED
    if refutation.decidable and region.is_disjoint_from(refutation.interval):
        return Verdict.REFUTED
    return Verdict.INCONCLUSIVE


def _reason(verdict: Verdict, support: Estimate, refutation: Estimate, region: Region) -> str:
    if verdict is Verdict.SUPPORTED:
        return f"the whole interval {support.interval} lies {region}"
    if verdict is Verdict.REFUTED:
        return f"no part of the interval {refutation.interval} lies {region}"
    # a sample may be decidable at alpha and too small to refute at a finer one
    inside = region.contains((support.effect, support.effect))
    relevant = support if inside or support.reason else refutation
    return relevant.reason or f"the interval {relevant.interval} lies {region} only in part"


def _detectable(decision: Decision, region: Region, alpha: float, margin: float) -> float | None:
    if decision.tails is None:
        return None
    if decision.method == "clopper-pearson" and not region.two_sided:
        bound = _as_proportion_above(region) + margin
        effect = min_detectable_proportion(bound, decision.k, alpha=alpha)
    else:
        sides: Sides = 2 if region.two_sided else 1
        effect = min_detectable_effect(
            decision.spread, decision.k, alpha=alpha, sides=sides, method=decision.method
        )
    return effect + margin if math.isfinite(effect) else None


def _needed(
    verdict: Verdict,
    decision: Decision,
    region: Region,
    alphas: tuple[float, float],
    margin: float,
) -> int | None:
    if verdict is not Verdict.INCONCLUSIVE or not math.isfinite(decision.effect):
        return None
    found = _deciding(decision, region, alphas, margin)
    # an effect that this many clusters decide in 8 samples of 10 was not decided in this one
    return found and max(found, decision.k + 1)


def _deciding(
    decision: Decision, region: Region, alphas: tuple[float, float], margin: float
) -> int | None:
    """The clusters that would support an effect inside the region, or refute one outside."""
    effect = decision.effect
    inside = region.contains((effect, effect))
    alpha = alphas[0] if inside else alphas[1]
    distance = min(abs(effect - region.low), abs(effect - region.high)) - margin
    if decision.method == "clopper-pearson" and not region.two_sided:
        bound = _as_proportion_above(region)
        towards = bound + margin if inside else 1 - bound + margin
        return clusters_needed_for_proportion(distance, towards, alpha=alpha)
    sides: Sides = 2 if region.two_sided and inside else 1
    return clusters_needed(
        distance, decision.spread, alpha=alpha, sides=sides, method=decision.method
    )


def _as_proportion_above(region: Region) -> float:
    """The bound, for a region "below" that of the proportion of failures."""
    return region.low if math.isfinite(region.low) else 1 - region.high
