"""Claims about what ablating a component does to the model's answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import Effect, FrozenScaleEffect, beats_peers
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Score
from circuit_assert.components import Component, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Ablation, How
from circuit_assert.measurements import CentredLogit, LogitDifference, Loss, Measurement, Request
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.text import plain_text
from circuit_assert.prompts.truncated import Truncated
from circuit_assert.stats.region import above
from circuit_assert.stats.region import within as inside

Metric: TypeAlias = Literal["logit difference", "centred logit"]
_OFF_TASK_DOCUMENTS = 24
_OFF_TASK_TOKENS = 64
_OFF_TASK_LOSS = Loss(places=16)
_METRICS: dict[str, Measurement] = {
    "logit difference": LogitDifference(),
    "centred logit": CentredLogit(),
}


@claim("Ablating {component} drops the logit by {by}", source="Wang et al. 2022, §3")
def ablation_drops_logit(
    component: Subject,
    *,
    on: Prompts,
    by: Least,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    metric: Metric = "logit difference",
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

    Pitfalls:
        Ablation and reference are part of the claim. Peers are components of nearby layers that
        write about as much and fail the claim on one half of the templates; they are measured on
        the other half. That unrelated loss stays is an equivalence, and its margin is our choice.
    """
    how = ablation_of(component, ablation, on, reference)
    effect = Effect(metric_of(metric), on, how)
    owner = component.model
    drop = f"drop of the {metric} under {ablation} ablation"
    return all_of(
        Criterion("total effect", effect, above(by), drop, "logits", owner),
        guards=[
            beats_peers(component, effect, by, "logits"),
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
        gate=competence(component, metric, on, 0.0),
    )


@claim("Ablating {component} leaves the logit within {within}")
def ablation_preserves_logit(
    component: Subject,
    *,
    on: Prompts,
    within: float,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    metric: Metric = "logit difference",
) -> Body:
    """Without the component, the model's answer changes by less than `within` logits.

    An equivalence: the whole interval of the change lies inside the margin, so that few prompts or
    noisy ones decide nothing. The model has to have more to lose than the margin.

    Args:
        component: A head, neuron, MLP or direction, or a set of them.
        on: Prompts with answers (and foils, for the logit difference).
        within: Largest change that does not count, in logits.
        ablation: As in `ablation_drops_logit`.
        reference: As there.
        metric: As there.

    Raises:
        ClaimError: for an unknown ablation or metric.

    Pitfalls:
        A component that others back up is preserved; so is one whose activation hardly varies over
        the reference. An ablation that changes no activation at all is inconclusive.
    """
    effect = Effect(metric_of(metric), on, ablation_of(component, ablation, on, reference))
    words = f"drop of the {metric} under {ablation} ablation"
    return all_of(
        Criterion("total effect", effect, inside(within), words, "logits", component.model),
        gate=competence(component, metric, on, within),
    )


@claim("Ablating {component} raises the loss on {on} by {by}")
def ablation_raises_loss(
    component: Subject,
    *,
    on: Prompts,
    by: Least,
    ablation: How = "mean",
    reference: Prompts | Literal["corrupt"] | None = None,
    places: int = 16,
) -> Body:
    """Without the component, the mean loss of the next token rises by more than `by` nats.

    Control: components much like it raise it less.

    Args:
        component: A head, neuron, MLP or direction, or a set of them.
        on: Prompts or documents. Means are over those of the same template and length; where
            there are fewer than two, over all positions of the others.
        by: Smallest rise that counts, in nats.
        ablation: As in `ablation_drops_logit`.
        reference: As there.
        places: At most this many tokens of each prompt are scored.

    Raises:
        ClaimError: for an unknown ablation.

    Example:
        >>> from circuit_assert import Session, ablation_raises_loss, repeated_tokens
        >>> from circuit_assert.models.planted_models import induction_model
        >>> model = Session().model(induction_model())
        >>> claim = ablation_raises_loss(model["L1H0"], on=repeated_tokens(sequences=30), by=0.1)
        >>> print(claim.check().verdict)
        supported
    """
    how = ablation_of(component, ablation, on, reference)
    effect = Effect(Loss(places), on, how, rises=True)
    words = f"rise of the loss under {ablation} ablation"
    return all_of(
        Criterion("total effect", effect, above(by), words, "nats", component.model),
        guards=[beats_peers(component, effect, by, "nats")],
    )


def metric_of(name: str) -> Measurement:
    """What a metric's name stands for.

    Raises:
        ClaimError: for an unknown one.
    """
    if name not in _METRICS:
        raise ClaimError(f"metric is one of {', '.join(map(repr, _METRICS))}; got {name!r}.")
    return _METRICS[name]


def ablation_of(
    component: Subject, how: How, on: Prompts, reference: Prompts | Literal["corrupt"] | None
) -> Ablation:
    """The ablation that a claim's arguments stand for."""
    return ablating(component.components, how, on, reference)


def ablating(
    components: tuple[Component, ...],
    how: How,
    on: Prompts,
    reference: Prompts | Literal["corrupt"] | None,
) -> Ablation:
    """The ablation of some components: a "corrupt" reference is the prompts' own corrupt side."""
    if reference == "corrupt":
        return Ablation(components, how, on, "corrupt")
    return Ablation(components, how, reference)


def competence(component: Subject, metric: str, on: Prompts, least: float) -> Criterion:
    """The gate that the model does the task by more than some logits."""
    clean = Score(Request(metric_of(metric), on))
    words = f"clean {metric}"
    return Criterion("competence", clean, above(least), words, "logits", component.model)


def _off_task(component: Subject, how: Ablation, text: Prompts, margin: float) -> Criterion:
    elsewhere = replace(how, reference=None, reference_side="clean")
    change = Effect(_OFF_TASK_LOSS, text, elsewhere)
    words = f"change of the loss on {text.name}"
    return Criterion("off-task", change, inside(margin), words, "nats", component.model)


def _documents() -> Truncated:
    """The first 64 tokens of some documents: of one length, so that positions have means."""
    text = plain_text()
    return Truncated(replace(text, prompts=text.prompts[:_OFF_TASK_DOCUMENTS]), _OFF_TASK_TOKENS)
