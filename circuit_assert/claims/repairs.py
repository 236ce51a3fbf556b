"""Claims about self-repair: what later layers make up for once a component is ablated."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from circuit_assert.claims.ablations import ablation_of, competence
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import FrozenScaleEffect, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.decompositions import FinalScale, Repaired, RepairedShare
from circuit_assert.claims.direct_effects import written_by
from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import How
from circuit_assert.measurements import LogitDifference
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import Region, above, below
from circuit_assert.stats.region import within as inside

_SOURCE = "McGrath et al. 2023, arXiv:2307.15771; Rushing & Nanda 2024, arXiv:2402.15390"
_SCALES = {
    "frozen": "the final norm's scale frozen",
    "free": "the final norm's rescaling included",
}


@claim("Later layers repair the ablation of {component} by {by}", source=_SOURCE)
def later_layers_repair(
    component: Subject,
    *,
    on: Prompts,
    by: float,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    at: str | None = "end",
    final_scale: FinalScale = "frozen",
) -> Body:
    """Of what the ablation takes directly from the logit difference, others make up a share.

    The total effect is the direct one plus the indirect one. Direct: what the component writes
    minus what the ablation puts in its place, through the norms' clean scales, onto answer minus
    foil. Repaired: minus the indirect effect over the direct one, a ratio of means, above `by`;
    it may exceed 1. Whether a head steps in or one that takes away takes away less makes no
    difference to it.

    Gate: the model does the task, and the direct effect is positive: else nothing is taken that
    could be repaired. Controls: of components that write about as much, less is made up; in models
    with norms after attention, something is made up with their scales frozen too, so that it is not
    the layer-mates' rescaling.

    Args:
        component: Heads or MLPs; those of a set are ablated together.
        on: Prompts with answers and foils.
        by: Smallest share of the direct effect that counts.
        ablation: As in `ablation_drops_logit`.
        reference: As there.
        at: The position that is ablated: where the model answers, by default, for only there is
            there a direct effect; None for all positions, of which others then miss what they read.
        final_scale: "frozen": by what later layers write, the final norm's scale as in the clean
            run; "free": with its rescaling, which repairs a part by making all else louder. The
            sentence says which.

    Raises:
        ComponentError: for a neuron or a direction.
        ClaimError: for a negative share, an unknown ablation, or an unknown kind of final scale.

    Pitfalls:
        Which repair: with "frozen" only what later layers write counts; without a loud component
        all else is louder, and "free" counts that too. `heads_back_up` says which head steps in.
        With `at=None` the indirect effect is also what others miss elsewhere. `by` has no default.
    """
    if by < 0:
        raise ClaimError(f"by is a share of the direct effect, 0 or more; got {by:g}.")
    written_by(component, "later_layers_repair")
    how = replace(ablation_of(component, ablation, on, reference), at=at)
    repaired = Repaired(LogitDifference(), on, how, final_scale=_known(final_scale), share=by)
    owner, said = component.model, _SCALES[final_scale]
    made_up = f"direct minus total effect under {ablation} ablation, {said},"
    made = all_of(
        Criterion(
            "repair",
            RepairedShare(repaired),
            above(by),
            f"{made_up} as a share of the direct effect,",
            "share",
            owner,
        ),
        guards=[
            beats_peers(component, repaired, 0.0, "logits"),
            Criterion(
                "not by rescaling",
                FrozenScaleEffect(repaired),
                above(0.0),
                f"{made_up} the post-attention norm's scale frozen too,",
                "logits",
                owner,
            ),
        ],
        gate=all_of(
            competence(component, "logit difference", on, 0.0),
            Criterion(
                "direct effect",
                repaired.direct,
                above(0.0),
                f"direct effect under {ablation} ablation",
                "logits",
                owner,
                otherwise="nothing is taken that could be repaired",
            ),
        ).primaries,
    )
    return replace(made, scope=f"with {said}")


@claim("The indirect effect of {component} on the logit difference", source=_SOURCE)
def indirect_effect_is(
    component: Subject,
    *,
    on: Prompts,
    by: float | None = None,
    within: float | None = None,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    at: str | None = None,
    final_scale: FinalScale = "frozen",
) -> Body:
    """What others make of the component's output: total minus direct effect of its ablation.

    Controls: the model does the task; components much like it have less of an indirect effect, in
    size.

    Args:
        component: Heads or MLPs; those of a set are ablated together.
        on: Prompts with answers and foils.
        by: Smallest effect that counts, in logits; if negative, others work against the answer
            because of the component by more than that.
        within: In its place, the largest effect that does not count: an equivalence.
        ablation: As in `ablation_drops_logit`.
        reference: As there.
        at: The position that is ablated; by default every position.
        final_scale: As in `later_layers_repair`.

    Raises:
        ComponentError: for a neuron or a direction.
        ClaimError: unless exactly one of `by` and `within` is given; for an unknown ablation or
            kind of final scale.

    Example:
        >>> from circuit_assert import Session, indirect_effect_is
        >>> from circuit_assert.models.planted_models import lookup_prompts, repair_model
        >>> model = Session().model(repair_model())
        >>> claim = indirect_effect_is(model["L0H0"], on=lookup_prompts(), by=-0.3)
        >>> print(claim.check().verdict)
        supported
    """
    if (by is None) == (within is None):
        raise ClaimError("indirect_effect_is takes by= or within=, not both and not neither.")
    written_by(component, "indirect_effect_is")
    how = replace(ablation_of(component, ablation, on, reference), at=at)
    repaired = Repaired(LogitDifference(), on, how, final_scale=_known(final_scale))
    indirect = replace(repaired, rises=True)
    region = inside(within) if within is not None else _beyond(by or 0.0)
    signed = indirect if (by or 0.0) >= 0 else repaired
    guards = [] if by is None else [beats_peers(component, signed, abs(by), "logits")]
    words = f"total minus direct effect under {ablation} ablation, {_SCALES[final_scale]},"
    made = all_of(
        Criterion("indirect effect", indirect, region, words, "logits", component.model),
        guards=guards,
        gate=competence(component, "logit difference", on, within or 0.0),
    )
    return replace(made, scope=f"is {region} with {_SCALES[final_scale]}")


def _known(final_scale: FinalScale) -> FinalScale:
    if final_scale not in get_args(FinalScale):
        raise ClaimError(f'final_scale is "frozen" or "free"; got {final_scale!r}.')
    return final_scale


def _beyond(by: float) -> Region:
    return above(by) if by >= 0 else below(by)
