"""Claims about what a component's activation carries from one prompt to its twin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from circuit_assert.claims.ablations import Metric, metric_of
from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ChangeOfScores, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Quantity, Score
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.components import Component, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Patch
from circuit_assert.measurements import Measurement, Request
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.stats.region import above

_ZHANG = "Zhang & Nanda 2024, arXiv:2309.16042"


@claim("Patching {component} from the clean prompt restores the logit by {by}", source=_ZHANG)
def patching_restores_logit(
    component: Subject,
    *,
    on: Prompts,
    by: Least,
    share: float | None = None,
    at: str | None = None,
    metric: Metric = "logit difference",
) -> Body:
    """On the corrupt prompt, the component's clean activation brings more than `by` logits back.

    Denoising: it shows what is enough among what the prompts differ in, given that all else is as
    on the corrupt prompt. Where either of two components is enough, each restores. Controls: the
    corruption takes something; components much like it restore less.

    Args:
        component: A head, neuron or MLP, or a set of them.
        on: Prompts with answers and corrupt twins of the same length, position by position.
        by: Smallest rise of the corrupt prompt's score that counts, in logits.
        share: Also claimed: the smallest share of what the corruption takes, the rise over the
            clean score minus the corrupt one, as a ratio of means. It may exceed 1.
        at: A position role to patch at; every position by default.
        metric: "logit difference", or "centred logit": the answer's minus the vocabulary's mean.

    Raises:
        ClaimError: for an unknown metric, or a share that is not above 0.

    Pitfalls:
        Of two components either of which is enough, each restores and neither breaks (Heimersheim &
        Nanda 2024, arXiv:2404.15255): this claim and `patching_breaks_logit` are not each other's
        contrary. What the twins share is never tested.
    """
    how = Patch(component.components, "clean", at)
    return _patching(component, PatchEffect(metric_of(metric), on, how), by, share)


@claim("Patching {component} from the corrupt prompt breaks the logit by {by}", source=_ZHANG)
def patching_breaks_logit(
    component: Subject,
    *,
    on: Prompts,
    by: Least,
    share: float | None = None,
    at: str | None = None,
    metric: Metric = "logit difference",
) -> Body:
    """On the clean prompt, the component's corrupt activation costs more than `by` logits.

    Noising: it shows what the clean run cannot do without. Where either of two components is
    enough, neither breaks; patch both. Controls: as for `patching_restores_logit`.

    Args:
        component: A head, neuron or MLP, or a set of them.
        on: Prompts with answers and corrupt twins of the same length, position by position.
        by: Smallest fall of the clean prompt's score that counts, in logits.
        share: Also claimed: the smallest share of what the corruption takes, as a ratio of means.
        at: A position role to patch at; every position by default.
        metric: "logit difference", or "centred logit": the answer's minus the vocabulary's mean.

    Raises:
        ClaimError: for an unknown metric, or a share that is not above 0.

    Pitfalls:
        As for `patching_restores_logit`: a component that is backed up breaks nothing.
    """
    how = Patch(component.components, "corrupt", at)
    return _patching(component, PatchEffect(metric_of(metric), on, how), by, share)


def _patching(component: Subject, effect: PatchEffect, by: float, share: float | None) -> Body:
    if share is not None and not share > 0:
        raise ClaimError(f"share is a part of what the corruption takes, above 0; got {share:g}.")
    owner, verb = component.model, effect.verb
    parts = [Criterion(verb, effect, above(by), f"what patching {verb}", "logits", owner)]
    if share is not None:
        words = f"share of what the corruption takes that patching {verb}"
        parts.append(Criterion("share", effect.share(share), above(share), words, "share", owner))
    return all_of(
        *parts,
        guards=[beats_peers(component, effect, by, "logits")],
        gate=corruption_matters(effect.metric, effect.on, owner),
    )


def corruption_of(metric: Measurement, on: Prompts) -> Quantity:
    """What the corruption takes: the clean score minus the corrupt one."""
    return Score(Request(metric, on)) - Score(Request(metric, on, "corrupt"))


def corruption_matters(metric: Measurement, on: Prompts, owner: Owner) -> Criterion:
    """The gate that the corruption takes something, which patching could bring back or take."""
    words = f"{metric} on the clean prompt minus that on the corrupt one"
    taken = corruption_of(metric, on)
    return Criterion("corruption matters", taken, above(0.0), words, "logits", owner)


@dataclass(frozen=True)
class PatchEffect(ChangeOfScores):
    """What patching changes, counted as positive where it goes the way the source prompt would.

    Args:
        metric: What is scored.
        on: The prompts.
        how: The patch: from the clean side into corrupt runs, or the other way.
    """

    metric: Measurement
    on: Prompts
    how: Patch

    @property
    def components(self) -> tuple[Component, ...]:
        """What is patched."""
        return self.how.components

    @property
    def verb(self) -> str:
        """What it is called: it restores, or it breaks."""
        return "restores" if self.how.source == "clean" else "breaks"

    def share(self, against: float) -> ShareOf:
        """What patching changes over what the corruption takes, to be held against a share."""
        nothing = "the corruption takes nothing, so there is no share of it"
        return ShareOf(self, corruption_of(self.metric, self.on), against, nothing)

    def of(self, components: tuple[Component, ...]) -> Self:
        """The effect of patching others."""
        return replace(self, how=replace(self.how, components=components))

    def _difference(self) -> Quantity:
        if self.how.source == "clean":
            return self._score("corrupt", self.how) - self._score("corrupt")
        return self._score("clean") - self._score("clean", self.how)

    def _score(self, side: Side, under: Patch | None = None) -> Score:
        return Score(Request(self.metric, self.on, side, under))
