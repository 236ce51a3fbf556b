"""The paired differences of one criterion, from what two ledgers keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from circuit_assert import stats
from circuit_assert.comparison.unit_values import UnitValues
from circuit_assert.ledger import ClaimRecord, FindingRecord
from circuit_assert.stats.bootstrap import BootstrapTail, resamples_for
from circuit_assert.stats.crossed import LEAST_LEVELS
from circuit_assert.stats.decision import Decision, has_spread, t_tail
from circuit_assert.stats.estimate import decide
from circuit_assert.stats.tails import Envelope, Tail, TTail
from circuit_assert.stats.verdict import NOISE_FLOORS

if TYPE_CHECKING:
    import numpy.typing as npt

_ROUNDED = 1e-5
"""Two numbers that were kept to six digits differ by at most so much of the larger by rounding."""


@dataclass(frozen=True, eq=False)
class Differences:
    """Later minus earlier, on the same units or clusters.

    Args:
        before: The criterion in the earlier run.
        after: The same in the later run.
        basis: Whether "units" or the means of "clusters" were paired.
        values: float64, the differences.
        decision: What they say.
        margin: How far the noise of both runs may have moved the difference.
    """

    before: FindingRecord
    after: FindingRecord
    basis: Literal["units", "clusters"]
    values: npt.NDArray[np.float64]
    decision: Decision
    margin: float

    @property
    def within_noise(self) -> bool:
        """Whether no difference is larger than the noise, which has no direction to test."""
        return bool(np.abs(self.values).max(initial=0.0) <= self.margin)

    @property
    def reason(self) -> str | None:
        """Why nothing can be decided; None when something can."""
        return self.decision.reason

    @property
    def effect(self) -> float:
        """The estimate."""
        return self.decision.effect

    @property
    def clusters(self) -> tuple[tuple[str, int], ...]:
        """How many clusters, by name."""
        return tuple(self.decision.clusters.items())

    @cached_property
    def p_value(self) -> float:
        """Two-sided, of "no difference", by t or the sign test; the noise has to be exceeded."""
        if self.decision.tails is None:
            return 1.0
        return min(1.0, 2 * min(_p_above(tail, self.margin) for tail in self.decision.tails))

    def interval(self, alpha: float) -> tuple[float, float]:
        """At level 1 − 2·alpha, both ends moved outward by the noise."""
        low, high = self.decision.interval(alpha)
        return low - self.margin, high + self.margin


def findings_in_both(
    before: ClaimRecord, after: ClaimRecord
) -> list[tuple[FindingRecord, FindingRecord]]:
    """The primary criteria with an estimate in both runs; of one name, in their order."""
    one, other = _by_name(before), _by_name(after)
    return [(one[name], other[name]) for name in one if name in other]


def _by_name(claim: ClaimRecord) -> dict[tuple[str, int], FindingRecord]:
    found: dict[tuple[str, int], FindingRecord] = {}
    for each in claim.findings:
        if each.role == "primary" and each.effect is not None:
            place = 0
            while (each.name, place) in found:
                place += 1
            found[each.name, place] = each
    return found


def differences(
    before: ClaimRecord,
    after: ClaimRecord,
    pair: tuple[FindingRecord, FindingRecord],
    units: UnitValues,
    alpha: float,
) -> Differences | None:
    """The paired differences of a criterion; None when nothing that can be paired was kept.

    Args:
        before: The claim in the earlier run.
        after: The same in the later run.
        pair: The criterion in both.
        units: The scores that the runs kept.
        alpha: The level of either end of an interval.
    """
    one, other = pair
    if (one.unit, one.prompts) != (other.unit, other.prompts) or not other.clusters:
        return None
    floors = NOISE_FLOORS * (one.noise_floor + other.noise_floor)
    scores = units.paired(before, after, other.name) if _named_once(before, after, other) else None
    if scores is not None and set(other.clusters) <= set(scores.clusters):
        clusters = {name: scores.clusters[name] for name in other.clusters}
        decision = decide(stats.Sample(scores.differences, clusters), alpha)
        return Differences(one, other, "units", scores.differences, decision, floors)
    means = _means(one, other)
    if means is None:
        return None
    values = np.concatenate(list(means.values()))
    return Differences(
        one, other, "clusters", values, _decide(means, alpha), floors + _rounding(one, other)
    )


def _named_once(before: ClaimRecord, after: ClaimRecord, finding: FindingRecord) -> bool:
    """Scores are kept by the criterion's name, which has to mean one of them."""
    return all(
        sum(each.name == finding.name for each in claim.findings) == 1 for claim in (before, after)
    )


def _means(one: FindingRecord, other: FindingRecord) -> dict[str, npt.NDArray[np.float64]] | None:
    """Cluster name → differences of the means of clusters that are in both; None if one lacks."""
    found: dict[str, npt.NDArray[np.float64]] = {}
    for name in other.clusters:
        was, now = one.cluster_means.get(name, {}), other.cluster_means.get(name, {})
        shared = [each for each in was if each in now]
        if not shared:
            return None
        found[name] = np.array([now[each] - was[each] for each in shared])
    return found


def _rounding(one: FindingRecord, other: FindingRecord) -> float:
    largest = [
        abs(value)
        for finding in (one, other)
        for means in finding.cluster_means.values()
        for value in means.values()
    ]
    return _ROUNDED * max(largest, default=0.0)


def _decide(means: Mapping[str, npt.NDArray[np.float64]], alpha: float) -> Decision:
    """From means of clusters of one name as from units; of two, as a crossed design is."""
    if len(means) == 1:
        ((name, values),) = means.items()
        return decide(stats.Sample(values, {name: range(values.size)}), alpha)
    levels = {name: int(values.size) for name, values in means.items()}
    first, *_ = means.values()
    few = [f"{k} {name}s are too few: a crossed design needs {LEAST_LEVELS} of each"
           for name, k in levels.items() if k < LEAST_LEVELS]  # fmt: skip
    still = not any(map(has_spread, means.values()))
    reason = next(iter(few), "zero variance: no error can be estimated" if still else None)
    return Decision(
        method="crossed",
        estimand="mean of cell means",
        effect=float(first.mean()),
        spread=math.nan,
        clusters=levels,
        units=int(first.size),
        tails=None if reason else (_crossed(means, alpha, 1), _crossed(means, alpha, -1)),
        reason=reason,
    )


def _crossed(means: Mapping[str, npt.NDArray[np.float64]], alpha: float, sign: int) -> Envelope:
    """Both names' variances added, and never narrower than either name by itself."""
    varying = [sign * values for values in means.values() if has_spread(values)]
    parts: list[Tail] = [each for values in varying for each in _parts(values, alpha)]
    first = sign * next(iter(means.values()))
    error = math.hypot(*(t_tail(values).error for values in varying))
    fewest = min(values.size for values in means.values())
    return Envelope((TTail(float(first.mean()), error, fewest - 1), *parts))


def _parts(values: npt.NDArray[np.float64], alpha: float) -> tuple[Tail, Tail]:
    return t_tail(values), BootstrapTail(values, resamples_for(alpha))


def _p_above(tail: Tail, x: float) -> float:
    """The p-value without the bootstrap's, which is as coarse as its resamples are few."""
    if not isinstance(tail, Envelope):
        return tail.p_above(x)
    parts = [part for part in tail.parts if not isinstance(part, BootstrapTail)]
    return max(part.p_above(x) for part in parts)
