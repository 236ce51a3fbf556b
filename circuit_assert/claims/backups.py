"""Claims about redundancy: heads on which more rests once other heads are gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from circuit_assert.claims.ablations import Metric, ablation_of, competence, metric_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import Effect, FrozenScaleEffect, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Quantity
from circuit_assert.components import Component, Head, Subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.interventions import How
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above


@claim(
    "{backups} can stand in for {heads}",
    source="Wang et al. 2022, arXiv:2211.00593, §3.4; McGrath et al. 2023, arXiv:2307.15771",
)
def heads_back_up(
    heads: Subject,
    backups: Subject,
    *,
    on: Prompts,
    by: float,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    metric: Metric = "logit difference",
) -> Body:
    """More of the model's answer rests on the backups once the heads are ablated.

    Interaction: ablating both sets drops the answer by more than the sum of what ablating each
    drops it by. Stands in: with the heads ablated, ablating the backups too drops it further. (A
    head that undoes what the heads write, and has nothing to undo without them, has the first and
    not the second.) Controls: the model does the task; as many heads that write about as much, in
    the backups' place, and that fail the claim on one half of the templates, interact less on the
    other; in models with post-norms, the interaction is there with the norms' scale frozen too.

    Args:
        heads: The heads that are backed up, ablated together.
        backups: Their backups; none of the heads.
        on: Prompts with answers (and foils, for the logit difference).
        by: Smallest interaction, and smallest further drop, that counts, in logits.
        ablation: As in `ablation_drops_logit`; likewise `reference` and `metric`.
        reference: Whose activations give means and donors.
        metric: "logit difference" or "centred logit".

    Raises:
        ComponentError: for anything but heads.
        ClaimError: when a head is its own backup, or for an unknown ablation or metric.

    Published:
        GPT-2 small backs up its name movers by 9.0, 9.7, 10.1, 10.2, 10.6, 10.10, 11.2 and 11.9
        (Wang et al.).

    Pitfalls:
        Sets are ablated together, and only what is between the two counts. The claim is symmetrical
        in what interacts, not in what stands in. `by` has no default.
    """
    _check(heads, backups)
    how = ablation_of(backups, ablation, on, reference)
    interaction = Interaction(metric_of(metric), on, how, beside=heads.components)
    owner, drop = heads.model, f"drop of the {metric} under {ablation} ablation"
    more = f"{drop} of both, minus those of each,"
    return all_of(
        Criterion("interaction", interaction, above(by), more, "logits", owner),
        Criterion(
            "stands in",
            interaction.further_drop(),
            above(by),
            f"{drop} of the backups, the heads being ablated,",
            "logits",
            owner,
        ),
        guards=[
            beats_peers(backups, interaction, by, "logits"),
            Criterion(
                "not by rescaling",
                FrozenScaleEffect(interaction),
                above(0.0),
                f"{more} the post-attention norms' scale frozen,",
                "logits",
                owner,
            ),
        ],
        gate=competence(heads, metric, on, 0.0),
    )


@dataclass(frozen=True)
class Interaction(Effect):
    """What ablating some components beside others drops beyond the sum of each: unit by unit.

    Args:
        metric: What is scored.
        on: The prompts.
        how: The ablation of the components.
        beside: The others, ablated in the same way.
    """

    beside: tuple[Component, ...] = ()

    @property
    def apart_from(self) -> tuple[Component, ...]:
        """The others: no peer is one of them."""
        return self.beside

    def further_drop(self) -> Quantity:
        """Drop by ablating the components while the others are ablated."""
        return self._effect_of((*self.beside, *self.how.components)) - self._effect_of(self.beside)

    def _difference(self) -> Quantity:
        return self.further_drop() - self._effect_of(self.how.components)

    def _effect_of(self, components: tuple[Component, ...]) -> Effect:
        return Effect(self.metric, self.on, replace(self.how, components=components))


def _check(heads: Subject, backups: Subject) -> None:
    for component in (*heads.components, *backups.components):
        if not isinstance(component, Head):
            raise ComponentError(
                f"heads_back_up is about heads; got the {component.noun} {component}. Of anything, "
                f"ablation_drops_logit says what ablating it drops."
            )
    if both := [str(c) for c in backups.components if c in heads.components]:
        raise ClaimError(f"{', '.join(both)} cannot be its own backup: leave it out of one set.")
