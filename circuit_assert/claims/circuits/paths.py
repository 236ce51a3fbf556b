"""Claims about what one node passes to another directly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from circuit_assert.circuit_files import receivers_of
from circuit_assert.circuits import Edge, Receiver, depth, nodes_of
from circuit_assert.claims.ablations import Metric, metric_of
from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ChangeOfScores, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.patching import corruption_matters
from circuit_assert.claims.quantities import Quantity, Score
from circuit_assert.components import MLP, Component, Head, Subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import Measurement, Request
from circuit_assert.models.card import Card
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above


@claim("The path from {sender} to {to} matters by {by}", source="Wang et al. 2022, §3.1")
def path_matters(
    sender: Subject,
    *,
    to: str | Sequence[str],
    on: Prompts,
    by: Least,
    metric: Metric = "logit difference",
) -> Body:
    """What the sender writes, as the receiver reads it directly, is worth more than `by` logits.

    Path patching on the clean prompt: the receiver reads what the sender writes on the corrupt
    twin in place of its own, before its norm; the sender's other readers, and the MLPs between, go
    on as they are; what the receiver then writes reaches all that read it. (Wang et al. let MLPs
    between carry the change too: name these paths as paths of their own.) Controls: the corruption
    takes something; components that write about as much, patched on their way to the same
    receiver, are worth less.

    Args:
        sender: A head or MLP, or a set of them, all of which the receiver can read.
        to: What reads: "L5H1.q", "L5H1.k", "L5H1.v", "L5H1" for all three, "L3.mlp", "logits"; or
            several of these.
        on: Prompts with answers and corrupt twins of the same length, position by position.
        by: Smallest drop of the score that counts, in logits.
        metric: "logit difference" or "centred logit".

    Raises:
        ComponentError: for a receiver that cannot be read, does not exist, or is not above the
            sender.
        ClaimError: for an unknown metric, or senders that are no heads and MLPs.

    Example:
        >>> from circuit_assert import Session, path_matters
        >>> from circuit_assert.models.planted_models import relay_model, relay_prompts
        >>> model, prompts = Session().model(relay_model()), relay_prompts(per_template=2)
        >>> claim = path_matters(model["L0H0"], to="L1H0.k", on=prompts, by=2.0)
        >>> print(claim.check().verdict)
        supported
    """
    addresses = [to] if isinstance(to, str) else list(to)
    receivers = tuple(dict.fromkeys(r for each in addresses for r in receivers_of(each)))
    effect = PathEffect(metric_of(metric), on, sender.components, receivers, card_of(sender))
    effect.check(sender)
    owner = sender.model
    drop = f"drop of the {metric} with the path patched"
    return all_of(
        Criterion("path", effect, above(by), drop, "logits", owner),
        guards=[beats_peers(sender, effect, by, "logits")],
        gate=corruption_matters(effect.metric, on, owner),
    )


@dataclass(frozen=True)
class PathEffect(ChangeOfScores):
    """What patching the paths from some components to some receivers takes.

    Args:
        metric: What is scored.
        on: The prompts.
        senders: What writes.
        receivers: What reads.
        card: The model's sizes.
    """

    metric: Measurement
    on: Prompts
    senders: tuple[Component, ...]
    receivers: tuple[Receiver, ...]
    card: Card

    @property
    def components(self) -> tuple[Component, ...]:
        """What writes."""
        return self.senders

    def of(self, components: tuple[Component, ...]) -> Self:
        """What patching the paths from others takes."""
        return type(self)(self.metric, self.on, components, self.receivers, self.card)

    @property
    def apart_from(self) -> tuple[Component, ...]:
        """What some receiver does not read: nothing could go that way, so it is no peer."""
        lowest = min(map(depth, self.receivers))
        every = nodes_of("heads and MLPs", self.card.layers, self.card.heads)
        return tuple(node for node in every if depth(node) >= lowest)

    @property
    def patch(self) -> PathPatch:
        """The intervention."""
        edges = frozenset(
            Edge(sender, receiver)
            for sender in self.senders
            for receiver in self.receivers
            if isinstance(sender, Head | MLP)
        )
        return PathPatch(edges, self.card.layers, self.card.heads)

    def check(self, sender: Subject) -> None:
        """That each path goes up, from heads and MLPs.

        Raises:
            ClaimError: for other components.
            ComponentError: for a path that does not go up, or leads out of the model.
        """
        for component in sender.components:
            if not isinstance(component, Head | MLP):
                raise ClaimError(
                    f"paths start at heads and MLPs; got the {component.noun} {component}."
                )
            for receiver in self.receivers:
                Edge(component, receiver)
        last, heads = self.card.layers - 1, self.card.heads
        for receiver in self.receivers:
            layer = depth(receiver)[0]
            number = getattr(getattr(receiver, "head", None), "head", 0)
            if last < layer < float("inf") or number >= heads:
                raise ComponentError(
                    f"{sender.model.name} has no {receiver}: it has layers 0 to {last} and heads 0 "
                    f"to {heads - 1} (both count from zero)."
                )

    def _difference(self) -> Quantity:
        patched = Score(Request(self.metric, self.on, "clean", self.patch))
        return Score(Request(self.metric, self.on)) - patched


def card_of(subject: Subject) -> Card:
    """The sizes of a subject's model.

    Raises:
        ComponentError: for a hub model that has not been fetched.
    """
    card = getattr(subject.model, "card", None)
    if not isinstance(card, Card):
        raise ComponentError(
            f"{subject.model.name} has not been fetched, so its layers and heads are not known."
        )
    return card
