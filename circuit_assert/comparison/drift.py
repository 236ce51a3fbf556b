"""Whether an effect moved: paired differences on the same units, judged as claims are.

Under "nothing changed" the two runs could as well be swapped, so the differences are symmetric
about zero, where Student's t needs no help; its p-values are what multiplicity is handled with,
since those of a bootstrap end at one over its resamples. What then counts as drift must exclude
zero by the whole interval that claims are judged by as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from circuit_assert.comparison.paired import Differences, differences, findings_in_both
from circuit_assert.comparison.unit_values import UnitValues
from circuit_assert.ledger import ClaimRecord, FindingRecord

Basis: TypeAlias = Literal["units", "clusters", "intervals"]


@dataclass(frozen=True)
class Drift:
    """How the effect of a claim moved.

    Args:
        criterion: On which of its criteria.
        unit: What the numbers are: "logits".
        before: The effect in the earlier run.
        after: The effect in the later run.
        basis: What was compared: the scores of "units", the means of "clusters", or only the two
            "intervals", which then lie apart.
        difference: After minus before, on what is in both; None for intervals.
        low: Lower end of its interval, widened by the noise of both runs; None for intervals.
        high: Upper end.
        clusters: How many clusters the difference is of, by name.
        q_value: Benjamini and Yekutieli's, over all claims that were tested; None for intervals.
    """

    criterion: str
    unit: str
    before: float
    after: float
    basis: Basis
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    clusters: tuple[tuple[str, int], ...] = ()
    q_value: float | None = None

    @property
    def is_paired(self) -> bool:
        """Whether it rests on the same units in both runs."""
        return self.basis != "intervals"


@dataclass(frozen=True)
class Moved:
    """What is known of the movement of one claim's effects.

    Args:
        tested: The criteria whose differences are beyond the noise and can be tested, each with
            its p-value.
        still: Why there is nothing to test, when there is not: "identical", "within the noise",
            "no values to pair", or why the differences decide nothing.
        apart: A criterion without paired values whose intervals lie apart.
    """

    tested: tuple[tuple[Differences, float], ...] = ()
    still: str = ""
    apart: Drift | None = None

    @property
    def p_value(self) -> float:
        """Of the claim: the smallest of its criteria's, times their number."""
        return min(1.0, len(self.tested) * min(p for _, p in self.tested))

    def drift(self, alpha: float, q_value: float) -> Drift | None:
        """Its drift, where the interval of a criterion excludes zero; the clearest criterion.

        Args:
            alpha: The rate of false drifts of one claim.
            q_value: The claim's.
        """
        for each, _ in sorted(self.tested, key=lambda pair: pair[1]):
            low, high = each.interval(alpha / (2 * len(self.tested)))
            if low > 0 or high < 0:
                return Drift(
                    criterion=each.after.name,
                    unit=each.after.unit,
                    before=_number(each.before.effect),
                    after=_number(each.after.effect),
                    basis=each.basis,
                    difference=each.effect,
                    low=low,
                    high=high,
                    clusters=each.clusters,
                    q_value=q_value,
                )
        return None


def moved(before: ClaimRecord, after: ClaimRecord, units: UnitValues, alpha: float) -> Moved:
    """What is known of the movement of a claim's primary criteria.

    Args:
        before: The claim in the earlier run.
        after: The same in the later run.
        units: The scores that the two runs kept.
        alpha: The rate of false drifts of one claim.
    """
    found = findings_in_both(before, after)
    if not found:
        return Moved(still="no values to pair")
    if all(_identical(one, other) for one, other in found):
        return Moved(still="identical")
    unpaired: list[tuple[FindingRecord, FindingRecord]] = []
    tested: list[tuple[Differences, float]] = []
    reasons: list[str] = []
    for one, other in found:
        made = differences(before, after, (one, other), units, alpha / (2 * len(found)))
        if made is None:
            unpaired.append((one, other))
        elif made.within_noise:
            reasons.append("within the noise")
        elif made.reason is not None:
            reasons.append(made.reason)
        else:
            tested.append((made, made.p_value))
    if tested:
        return Moved(tuple(tested))
    decided = [reason for reason in reasons if reason != "within the noise"]
    still = next(iter([*decided, *reasons]), "no values to pair")
    return Moved(still=still, apart=_apart(unpaired))


def _identical(before: FindingRecord, after: FindingRecord) -> bool:
    return (before.effect, before.low, before.high) == (after.effect, after.low, after.high) and (
        before.cluster_means == after.cluster_means
    )


def _apart(pairs: Sequence[tuple[FindingRecord, FindingRecord]]) -> Drift | None:
    """The first whose intervals lie apart; an end that is not known is infinite."""
    for one, other in pairs:
        ends = one.low, one.high, other.low, other.high
        if any(end is None for end in ends):
            continue
        low, high, new_low, new_high = map(_number, ends)
        if high < new_low or new_high < low:
            effects = _number(one.effect), _number(other.effect)
            return Drift(other.name, other.unit, *effects, basis="intervals")
    return None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
