"""Claims about what a component writes straight into the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from circuit_assert.claims.ablations import competence
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ComponentEffect, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import CannotTell, Measured, Score
from circuit_assert.components import MLP, Component, Head, Subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.direct import DirectLogitDifference
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import Region, above, below
from circuit_assert.stats.region import within as inside

_WORDS = "direct contribution to the logit difference"


@claim("the direct effect of {component} on the logit difference", source="Wang et al. 2022, §3.1")
def direct_effect_is(
    component: Subject, *, on: Prompts, by: float | None = None, within: float | None = None
) -> Body:
    """What the component writes, read by the unembedding alone, favours the answer by `by` logits.

    Direct logit attribution: z W_O (or what the MLP adds) times the unembedding of the answer minus
    that of the foil, norm scales of the run. It says nothing of what later layers make of the
    output. Controls: the model does the task; components much like it write less, in size.

    Args:
        component: Heads or MLPs; those of a set are summed.
        on: Prompts with answers and foils.
        by: Smallest effect that counts, in logits; if negative, the component writes against the
            answer by more than that.
        within: In its place, the largest effect that does not count: an equivalence.

    Raises:
        ComponentError: for a neuron or a direction.
        ClaimError: unless exactly one of `by` and `within` is given.

    Pitfalls:
        What is written is not what is used: later layers may undo it or make it up. A set whose
        members cancel each other has no effect.
    """
    if (by is None) == (within is None):
        raise ClaimError("direct_effect_is takes by= or within=, not both and not neither.")
    effect = DirectEffect(on, written_by(component, "direct_effect_is"))
    region = inside(within) if within is not None else _beyond(by or 0.0)
    signed = effect if (by or 0.0) >= 0 else replace(effect, sign=-1.0)
    guards = [] if by is None else [beats_peers(component, signed, abs(by), "logits")]
    made = all_of(
        Criterion("direct effect", effect, region, _WORDS, "logits", component.model),
        guards=guards,
        gate=competence(component, "logit difference", on, within or 0.0),
    )
    return replace(made, scope=f"is {region}")


def written_by(component: Subject, claim_type: str) -> tuple[Head | MLP, ...]:
    """The heads and MLPs of a subject.

    Raises:
        ComponentError: for a component of another kind.
    """
    found = tuple(c for c in component.components if isinstance(c, (Head, MLP)))
    if len(found) < len(component.components):
        other = next(c for c in component.components if not isinstance(c, (Head, MLP)))
        raise ComponentError(f"{claim_type} is about heads and MLPs; got {other}.")
    return found


def _beyond(by: float) -> Region:
    return above(by) if by >= 0 else below(by)


@dataclass(frozen=True)
class DirectEffect(ComponentEffect):
    """The summed direct contributions of some heads and MLPs, unit by unit.

    Args:
        on: The prompts.
        written: The heads and MLPs.
        sign: −1.0 to count contributions against the answer as positive.
    """

    on: Prompts
    written: tuple[Head | MLP, ...]
    sign: float = 1.0

    @property
    def components(self) -> tuple[Component, ...]:
        """The heads and MLPs."""
        return self.written

    def of(self, components: tuple[Component, ...]) -> Self:
        """The contributions of others."""
        return replace(self, written=components)

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The contributions of all: one pass."""
        return (Request(DirectLogitDifference(), self.on),)

    def measured(self, scores: Scores) -> Measured:
        """Their sum.

        Raises:
            CannotTell: for a model that caps its logits, which are then no sum of parts.
        """
        if scores.weights.caps_logits:
            raise CannotTell("the model caps its logits: they are no sum of contributions")
        summed = summed_over(Request(DirectLogitDifference(), self.on), self.written, scores)
        return replace(summed, values=self.sign * summed.values)


def summed_over(request: Request, written: tuple[Head | MLP, ...], scores: Scores) -> Measured:
    """The sum of some columns of direct contributions, unit by unit."""
    mlp = scores.weights.card.heads
    picks = [(c.layer, c.head if isinstance(c, Head) else mlp) for c in written]
    parts = [Score(request, pick).measured(scores) for pick in picks]
    return replace(parts[0], values=sum(part.values for part in parts))
