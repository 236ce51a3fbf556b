"""Claims that few of many components matter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.ablations import ablation_of, competence
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ComponentEffect, Effect
from circuit_assert.claims.concentrations import Concentration, Reals, Side, signs_elsewhere
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.direct_effects import DirectEffect, written_by
from circuit_assert.claims.quantities import (
    CannotTell,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
    remembered,
)
from circuit_assert.components import Component, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import How
from circuit_assert.measurements import LogitDifference
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above, below
from circuit_assert.stats.sample import cluster_codes

Kind: TypeAlias = Literal["total", "direct"]
Given: TypeAlias = Literal["gini", "share", "n90", "participation ratio"]
_MOST_OF = 0.9
_LEAST = 8  # components: of fewer, one is always a large part
_METRIC = LogitDifference()


@claim("The effect of {components} is localized", source="Wang et al. 2022, arXiv:2211.00593")
def effect_is_localized(
    components: Subject,
    *,
    on: Prompts,
    by: float,
    statistic: Given = "gini",
    top: int | None = None,
    effects: Kind = "total",
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
) -> Body:
    """Of the components' single effects on the logit difference, few are most.

    Each component is ablated by itself, and its effect is the mean drop; what counts is its size,
    whichever way it goes. Noise makes small effects look larger and uneven, so the statistic is
    bounded from both sides: what noise could hide in favour of the claim must not be enough for a
    refutation, and what it could feign must not be needed for support. Gates: the model does
    the task; there are effects beyond noise, by products of different clusters.

    Total effects count serial paths twice and hide what is backed up; direct ones are another
    question with another answer. The sentence says which. Intervals are a jackknife over clusters.

    Args:
        components: Eight or more, as `model.heads()`; each is ablated by itself.
        on: Prompts with answers and foils, 20 clusters at least.
        by: The bound: the least Gini coefficient of absolute effects, the least share of the `top`,
            the largest n90 or participation ratio, as a fraction of the components. Half-normal
            noise over 144 components alone has a Gini coefficient of 0.41 and an n90 of 0.65.
        statistic: "gini"; "share", of the sum that the `top` largest have; "n90", the smallest
            fraction of the components that have 90 % of it; or "participation ratio",
            (Σ|e|)² / (n Σe²).
        top: For "share", how many.
        effects: "total" under ablation, or "direct": what each writes, by direct logit attribution,
            which has no ablation.
        ablation: As in `ablation_drops_logit`.
        reference: As there.

    Raises:
        ComponentError: for direct effects of anything but heads and MLPs.
        ClaimError: for fewer than eight components, or for a statistic, bound or number that cannot
            be meant.

    Pitfalls:
        Noise is not uniform: what is measured as a Gini coefficient of 0.5 may be nothing, so that
        both bounds and the plain value are printed. A sum of absolute means is too large on
        average. Total and direct effects often answer differently. With all heads of a model, this
        is one run for each. `by` has no default.
    """
    chosen, bound = _checked(statistic, top, by, len(components.components), effects)
    if effects == "direct":
        written = written_by(components, "effect_is_localized")
        one: ComponentEffect = DirectEffect(on, written[:1])
    else:
        one = Effect(_METRIC, on, ablation_of(components, ablation, on, reference))
    each = EachEffect(one, components.components)
    region = above(bound) if chosen.rises else below(bound)
    kind = f"total effects under {ablation} ablation" if effects == "total" else "direct effects"
    words = f"{_said(statistic, top)} of {kind}"
    owner = components.model
    sides: tuple[Side, Side] = ("from above", "from below")
    favourable, unfavourable = sides if chosen.rises else sides[::-1]
    made = all_of(
        Criterion(
            "concentration",
            Concentrated(each, chosen, favourable),
            region,
            f"{words}, noise counted in its favour,",
            chosen.name,
            owner,
        ),
        guards=[
            Criterion(
                "beyond noise",
                Concentrated(each, chosen, unfavourable),
                region,
                f"{words}, noise counted against it,",
                chosen.name,
                owner,
            )
        ],
        gate=all_of(
            competence(components, "logit difference", on, 0.0),
            Criterion(
                "effects",
                SumOfEffects(each),
                above(0.0),
                f"summed size of {kind}, by products of different clusters",
                "logits",
                owner,
                otherwise="there is nothing to localize",
            ),
        ).primaries,
    )
    claimed = above(by) if statistic in ("gini", "share") else below(by)
    return replace(made, scope=f"({kind}: {_said(statistic, top)} {claimed})")


def _said(statistic: Given, top: int | None) -> str:
    return {
        "gini": "Gini coefficient",
        "share": f"share of the {top} largest",
        "n90": "fraction of components with 90 %",
        "participation ratio": "participation ratio",
    }[statistic]


def _checked(
    statistic: Given, top: int | None, by: float, components: int, effects: Kind
) -> tuple[Concentration, float]:
    """The statistic, and its bound: an n90 below a fraction is a share of so many above 90 %."""
    if statistic not in get_args(Given) or effects not in get_args(Kind):
        raise ClaimError(
            f"statistic is {', '.join(get_args(Given))}, effects are total or direct; got "
            f"{statistic!r} and {effects!r}."
        )
    if components < _LEAST:
        raise ClaimError(
            f"of {components} components, one is always a large part: name {_LEAST} or more, as "
            f"model.heads()."
        )
    if not 0 < by < 1:
        raise ClaimError(f"by is a fraction between 0 and 1; got {by:g}.")
    if (top is not None) != (statistic == "share") or (top and not 0 < top < components):
        raise ClaimError(
            f"top is how many components a share is of, fewer than {components}, and goes with "
            f"statistic='share'; got top={top} with {statistic!r}."
        )
    if statistic != "n90":
        return Concentration(statistic, top or 1), by
    most = int(by * components + 1e-9)
    if most < 1:
        raise ClaimError(f"{by:g} of {components} components is none.")
    return Concentration("share", most), _MOST_OF


@dataclass(frozen=True)
class EachEffect:
    """The effect of each of some components by itself.

    Args:
        one: The effect of one of them.
        components: All.
    """

    one: ComponentEffect
    components: tuple[Component, ...]

    def parts(self) -> list[ComponentEffect]:
        """One for each."""
        return [self.one.of((component,)) for component in self.components]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What all need."""
        return dict.fromkeys(r for part in self.parts() for r in part.needs(scores))

    @remembered
    def table(self, scores: Scores) -> tuple[Reals, Measured]:
        """`[unit, component]`, and the units."""
        found = [part.measured(scores) for part in self.parts()]
        return np.stack([each.values for each in found], axis=1), found[0]

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the noisiest one."""
        return max(part.noise(scores, floor_of) for part in self.parts())


@dataclass(frozen=True)
class Concentrated(Statistic):
    """How concentrated effects are, by one bound.

    Args:
        each: The effects.
        statistic: Of their sizes.
        side: Which bound.
    """

    each: EachEffect
    statistic: Concentration
    side: Side

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """All effects."""
        return self.each.needs(scores)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The bound on any subset of the units; clusters count alike."""
        table, units = self.each.table(scores)
        ids = list(next(iter(units.clusters.values())))

        def statistic(chosen: npt.NDArray[np.bool_]) -> float:
            return self.statistic.bound(_means(table[chosen], _codes(ids, chosen)), self.side)

        return MeasuredStatistic(statistic, ids, (*units.notes, self._note(table, ids)))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """Of each effect, over their sum: for all of them, and in numerator and denominator."""
        table, _ = self.each.table(scores)
        total = float(np.abs(table.mean(0)).sum())
        return 2 * table.shape[1] * self.each.noise(scores, floor_of) / total if total else 0.0

    def _note(self, table: Reals, ids: Sequence[Hashable]) -> str:
        means = _means(table, _codes(ids, np.ones(len(ids), np.bool_)))
        effects = means.mean(0)
        order = np.argsort(-np.abs(effects))[:5]
        largest = ", ".join(f"{self.each.components[i]} {effects[i]:+.2f}" for i in order)
        sides: tuple[Side, ...] = ("from below", "plug-in", "from above")
        bounds = " / ".join(f"{self.statistic.bound(means, side):.2f}" for side in sides)
        gini, ratio = (Concentration(name).of(effects) for name in ("gini", "participation ratio"))
        return (
            f"{len(effects)} components, the largest {largest}; {self.statistic.name} {bounds} "
            f"(from below / as measured / from above); as measured, Gini {gini:.2f}, 90 % in "
            f"{_n90(effects)}, participation ratio {ratio:.2f}"
        )


@dataclass(frozen=True)
class SumOfEffects(Quantity):
    """Summed sizes of effects, with signs from all other clusters: zero on average for noise.

    Args:
        each: The effects.
    """

    each: EachEffect

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """All effects."""
        return self.each.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The sum, unit by unit."""
        table, units = self.each.table(scores)
        ids = list(next(iter(units.clusters.values())))
        codes = _codes(ids, np.ones(len(ids), np.bool_))
        means = _means(table, codes)
        if len(means) < 2:
            raise CannotTell("there is one cluster, so there are no products of different ones")
        return replace(units, values=(table * signs_elsewhere(means)[codes]).sum(1))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of all effects together."""
        return len(self.each.components) * self.each.noise(scores, floor_of)


def _codes(ids: Sequence[Hashable], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    return cluster_codes([i for i, c in zip(ids, chosen, strict=True) if c])


def _means(table: Reals, codes: npt.NDArray[np.intp]) -> Reals:
    """`[cluster, component]` of `[unit, component]`."""
    sums = np.zeros((int(codes.max()) + 1, table.shape[1]))
    np.add.at(sums, codes, table)
    return sums / np.bincount(codes)[:, None]


def _n90(effects: Reals) -> int:
    sizes = np.sort(np.abs(effects))[::-1]
    return 1 + int(np.count_nonzero(np.cumsum(sizes) < _MOST_OF * sizes.sum()))
