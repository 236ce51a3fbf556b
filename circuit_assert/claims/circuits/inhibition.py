"""S-inhibition: heads that tell name movers which name not to move."""

from __future__ import annotations

from dataclasses import dataclass

from circuit_assert.circuits import HeadInput
from circuit_assert.claims.ablations import Metric, metric_of
from circuit_assert.claims.arguments import Least
from circuit_assert.claims.circuits.paths import PathEffect, card_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.patching import corruption_matters
from circuit_assert.claims.quantities import Mean, Quantity, Score
from circuit_assert.claims.roles import check_roles
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ComponentError
from circuit_assert.interventions import Intervention
from circuit_assert.measurements import AttentionOverPairs, Request
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above


@claim(
    "{heads} inhibit the subject in the queries of {name_movers} by {by}",
    source="Wang et al. 2022, arXiv:2211.00593, §3.2",
)
def head_inhibits_subject(
    heads: Subject,
    name_movers: Subject,
    *,
    on: Prompts,
    by: Least,
    second: str = "S2",
    first: str = "S1",
    other: str = "IO",
    metric: Metric = "logit difference",
) -> Body:
    """The heads read the repeated name, and by their queries keep the name movers off it.

    All three are claimed. *Path*: patching what the heads write, as the name movers' queries read
    it directly, drops the answer by more than `by` logits. *Turns attention*: with these paths
    patched, the name movers attend less to the indirect object, more to the subject. *Reads the
    subject*: from the end, the heads attend to the second mention more than to either name's first.
    Controls: the corruption takes something; heads that write about as much, patched on their way
    to the same queries, are worth less.

    Args:
        heads: One head or a group, below the name movers.
        name_movers: One head or a group whose queries are written to.
        on: Prompts with answers, and twins in which the second mention is the other name:
            `ioi(corruption="flip")`.
        by: Smallest drop that counts, in logits.
        second: The role of the subject's second mention.
        first: The role of its first.
        other: The indirect object's.
        metric: "logit difference" or "centred logit".

    Raises:
        ComponentError: for anything but heads, or name movers that the heads do not lie below.
        ClaimError: for roles that the prompts do not have, or an unknown metric.

    Example:
        >>> from circuit_assert import Session, head_inhibits_subject
        >>> from circuit_assert.models.planted_models import inhibiting_model, inhibiting_prompts
        >>> model, prompts = Session().model(inhibiting_model()), inhibiting_prompts()
        >>> claim = head_inhibits_subject(model["L0H0"], model["L1H0"], on=prompts, by=2.0)
        >>> print(claim.check().verdict)
        supported
    """
    for role in (second, first, other):
        check_roles(on, role, "end")
    queries = tuple(HeadInput(head, "q") for head in _heads(name_movers))
    effect = PathEffect(metric_of(metric), on, _heads(heads), queries, card_of(heads))
    effect.check(heads)
    owner, drop = heads.model, f"drop of the {metric} with the paths patched"
    turned = _Turn(other, first, on)
    return all_of(
        Criterion("path", effect, above(by), drop, "logits", owner),
        Criterion(
            "turns attention",
            turned.of(_heads(name_movers), None) - turned.of(_heads(name_movers), effect.patch),
            above(0.0),
            f"the name movers' attention to {other} minus {first}, less that when patched",
            "attention",
            owner,
        ),
        *(
            Criterion(
                f"reads {second} more than {rival}",
                _Turn(second, rival, on).of(_heads(heads), None),
                above(0.0),
                f"the heads' attention from the end to {second} minus {rival}",
                "attention",
                owner,
            )
            for rival in (first, other)
        ),
        guards=[beats_peers(heads, effect, by, "logits")],
        gate=corruption_matters(effect.metric, on, owner),
    )


@dataclass(frozen=True)
class _Turn:
    """Attention from the end to one role minus that to another, averaged over heads."""

    role: str
    rival: str
    on: Prompts

    def of(self, heads: tuple[Head, ...], under: Intervention | None) -> Quantity:
        return Mean(
            tuple(
                self._to(self.role, head, under) - self._to(self.rival, head, under)
                for head in heads
            )
        )

    def _to(self, role: str, head: Head, under: Intervention | None) -> Quantity:
        measurement = AttentionOverPairs(f"end→{role}")
        return Score(Request(measurement, self.on, "clean", under), (head.layer, head.head))


def _heads(subject: Subject) -> tuple[Head, ...]:
    heads = tuple(c for c in subject.components if isinstance(c, Head))
    if len(heads) < len(subject.components):
        raise ComponentError(f"head_inhibits_subject is about heads; got {subject!r}.")
    return heads
