"""Claims about what ablating a component does to the model's answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.peers import LEAST, peer_sets, peers_need
from circuit_assert.claims.quantities import (
    Absolute,
    CannotTell,
    DoesNotApply,
    Mean,
    Measured,
    Quantity,
    Score,
)
from circuit_assert.components import Component, Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Ablation, How
from circuit_assert.measurements import CentredLogit, LogitDifference, Loss, Measurement, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import discovery_ids
from circuit_assert.prompts.text import plain_text
from circuit_assert.prompts.truncated import Truncated
from circuit_assert.stats.region import above, within

_DRAWS = 10
_OFF_TASK_DOCUMENTS = 24
_OFF_TASK_TOKENS = 64
_OFF_TASK_LOSS = Loss(places=16)
METRICS: dict[str, Measurement] = {
    "logit difference": LogitDifference(),
    "centred logit": CentredLogit(),
}
"""What an ablation may drop, by name."""


@claim("Ablating {component} drops the logit by {by}", source="Wang et al. 2022, §3")
def ablation_drops_logit(
    component: Subject,
    *,
    on: Prompts,
    by: float,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    metric: Literal["logit difference", "centred logit"] = "logit difference",
    off_task: Prompts | None = None,
    off_task_within: float = 0.1,
) -> Body:
    """Without the component, the model's answer loses more than `by` logits.

    The component's own total effect under this ablation: a refutation says nothing of its direct
    effect, nor of components that back it up. Controls: the model does the task; components much
    like it do less; text that has nothing to do with the task is hardly affected; in models with
    post-norms, the effect is not only that of rescaling the component's layer-mates.

    Args:
        component: A head, neuron, MLP or direction, or a set of them.
        on: Prompts with answers (and foils, for the logit difference).
        by: Smallest drop that counts, in logits.
        ablation: "mean" (per template, length and position, the unit itself left out), "zero",
            or "resample" (from ten prompts with other answers).
        reference: Whose activations give means and donors: the prompts themselves, their
            "corrupt" side, or another set of the same templates.
        metric: "logit difference", or "centred logit": the answer's minus the vocabulary's mean.
        off_task: Unrelated documents; by default the beginnings of 24 shipped ones.
        off_task_within: Largest change of their loss that does not count, in nats.

    Raises:
        ClaimError: for an unknown ablation or metric.
    """
    if metric not in METRICS:
        raise ClaimError(f"metric is one of {', '.join(map(repr, METRICS))}; got {metric!r}.")
    how = Ablation(
        component.components,
        ablation,
        on if reference == "corrupt" else reference,
        "corrupt" if reference == "corrupt" else "clean",
    )
    effect = Effect(METRICS[metric], on, how)
    owner = component.model
    drop = f"drop of the {metric} under {ablation} ablation"
    clean = Score(Request(METRICS[metric], on))
    return all_of(
        Criterion("total effect", effect, above(by), drop, "logits", owner),
        guards=[
            _beats_peers(component, effect, by),
            _off_task(component, how, off_task or _documents(), off_task_within),
            Criterion(
                "not by rescaling",
                FrozenScaleEffect(effect),
                above(0.0),
                f"{drop}, the post-attention norm's scale frozen,",
                "logits",
                owner,
            ),
        ],
        gate=Criterion("competence", clean, above(0.0), f"clean {metric}", "logits", owner),
    )


def _beats_peers(component: Subject, effect: Effect, by: float) -> Criterion:
    return Criterion(
        "specific",
        PeerContrast(effect, by),
        above(0.0),
        "its effect minus the mean absolute effect of its peers",
        "logits",
        component.model,
    )


def _off_task(component: Subject, how: Ablation, text: Prompts, margin: float) -> Criterion:
    elsewhere = replace(how, reference=None, reference_side="clean")
    change = Effect(_OFF_TASK_LOSS, text, elsewhere)
    words = f"change of the loss on {text.name}"
    return Criterion("off-task", change, within(margin), words, "nats", component.model)


def _documents() -> Truncated:
    """The first 64 tokens of some documents: of one length, so that positions have means."""
    text = plain_text()
    return Truncated(replace(text, prompts=text.prompts[:_OFF_TASK_DOCUMENTS]), _OFF_TASK_TOKENS)


@dataclass(frozen=True)
class Effect(Quantity):
    """A score without an ablation minus the score with it; over ten donors for "resample".

    Args:
        metric: What is scored.
        on: The prompts.
        how: The ablation.
    """

    metric: Measurement
    on: Prompts
    how: Ablation

    @property
    def apart_from(self) -> tuple[Component, ...]:
        """Components that cannot be peers of its own."""
        return ()

    def of(self, components: tuple[Component, ...]) -> Effect:
        """The effect of ablating other components in the same way."""
        return replace(self, how=replace(self.how, components=components))

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The clean scores and the ablated ones."""
        return self._difference().needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The drop, unit by unit."""
        return self._difference().measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the noisiest score."""
        return self._difference().noise(scores, floor_of)

    def _difference(self) -> Quantity:
        draws = range(_DRAWS if self.how.how == "resample" else 1)
        ablated = tuple(
            Score(Request(self.metric, self.on, "clean", replace(self.how, draw=draw)))
            for draw in draws
        )
        return Score(Request(self.metric, self.on)) - Mean(ablated)


@dataclass(frozen=True)
class FrozenScaleEffect(Quantity):
    """The same effect with each post-attention norm's scale as in the clean run.

    Args:
        effect: The effect.
    """

    effect: Effect

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores under the frozen ablation, in models that have such norms."""
        return self._frozen().needs(scores) if self._applies(scores) else ()

    def measured(self, scores: Scores) -> Measured:
        """The drop, unit by unit."""
        if not self._applies(scores):
            raise DoesNotApply("no head here shares a post-attention norm with its layer-mates")
        return self._frozen().measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """As that of the effect."""
        return self._frozen().noise(scores, floor_of)

    def _applies(self, scores: Scores) -> bool:
        has_heads = any(isinstance(c, Head) for c in self.effect.how.components)
        return has_heads and scores.weights.has_post_norms

    def _frozen(self) -> Effect:
        return replace(self.effect, how=replace(self.effect.how, frozen_scale=True))


@dataclass(frozen=True)
class PeerContrast(Quantity):
    """A subject's effect minus the mean absolute effect of its peers, on the test half.

    Peers are heads of neighbouring layers (neurons of the layer, …) that write about as much and
    whose own effect, on the discovery half of the clusters, is not above the bound.

    Args:
        effect: The subject's effect.
        by: The claim's bound, which a peer must fail.
    """

    effect: Effect
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the peers; then their effects."""
        telling = peers_need(self._components, self.effect.on, scores)
        if any(request not in scores for request in telling):
            return telling
        try:
            sets = self._peer_sets(scores)
        except CannotTell:
            return telling
        effects = [self.effect, *(self.effect.of(peers) for peers in sets)]
        return [*telling, *(request for effect in effects for request in effect.needs(scores))]

    def measured(self, scores: Scores) -> Measured:
        """The contrast on the test half, unit by unit."""
        sets = self._peer_sets(scores)
        own = self.effect.measured(scores)
        ids = np.array([str(i) for i in next(iter(own.clusters.values()))])
        discovery = np.isin(ids, list(discovery_ids(ids.tolist())))
        peers = {s: self.effect.of(s) for s in sets}
        failing = {
            members: effect
            for members, effect in peers.items()
            if effect.measured(scores).values[discovery].mean() <= self.by
        }
        if len(failing) < LEAST:
            raise CannotTell(
                f"only {len(failing)} of {len(sets)} peers do less than the claim's bound on the "
                f"discovery half; {LEAST} are needed"
            )
        sizes = Mean(tuple(Absolute(effect) for effect in failing.values()))
        names = ", ".join("+".join(map(str, members)) for members in failing)
        contrast = (self.effect - sizes).measured(scores)
        return contrast.keeping(~discovery, f"peers: {names}; measured on the test half")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the subject's effect; what chooses its peers moves no effect."""
        return self.effect.noise(scores, floor_of)

    def _peer_sets(self, scores: Scores) -> list[tuple[Component, ...]]:
        sets = peer_sets(self._components, self.effect.on, scores)
        return [peers for peers in sets if set(peers).isdisjoint(self.effect.apart_from)]

    @property
    def _components(self) -> tuple[Component, ...]:
        return self.effect.how.components
