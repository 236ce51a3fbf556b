"""Faults in what stands in for an ablated activation, and in what is called its effect."""

import torch

from circuit_assert import ablation_drops_logit, claim, contrast, logit_difference
from circuit_assert.backends import load
from circuit_assert.claims.component_effects import Effect
from circuit_assert.components import Head, Site
from circuit_assert.execution import store
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation
from circuit_assert.measurements.activations import Kept
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PROMPTS = lookup_prompts()
INCONCLUSIVE = "planted truth: the true instance is inconclusive"
NO_EFFECT = "engine: there is no effect to judge"


def _drops(address, by, ablation="mean"):
    head = Session().model(lookup_model(effect=2.0, constant=1.5))[address]
    options = {"on": PROMPTS, "off_task": lookup_documents(), "ablation": ablation}
    return ablation_drops_logit(head, by=by, **options).check()


def head_that_moves_the_answer():
    return _drops("L1H0", by=1.0)


def head_that_moves_the_answer_by_nearly_2():
    return _drops("L1H0", by=1.8)


def head_that_moves_the_answer_beside_another_answer():
    return _drops("L1H0", by=1.0, ablation="resample")


def head_that_writes_the_same_everywhere():
    return _drops("L1H1", by=1.0)


@claim("Ablating {component} moves the logit difference by more than {by}")
def moves(component, *, by: float):
    """An effect by itself, without a claim's controls."""
    clean = logit_difference(component.model)
    ablated = clean.with_intervention(Ablation(component.components))
    return contrast(clean, versus=ablated, on=PROMPTS, by=by)


def head_with_a_tiny_effect():
    return moves(Session().model(lookup_model(effect=0.003))["L1H0"], by=0.0015).check()


def includes_the_prompt_in_its_own_mean(monkeypatch):
    right = store.exchange_partners

    def wrong(prompts, left_out, like, own):
        return [*right(prompts, left_out, like, own), own]

    monkeypatch.setattr(store, "exchange_partners", wrong)


def takes_the_mean_of_the_prompt_alone(monkeypatch):
    def wrong(prompts, left_out, like, own):
        return [own, own]

    monkeypatch.setattr(store, "exchange_partners", wrong)


def takes_donors_with_the_same_answer(monkeypatch):
    right = Editor._donor

    def wrong(self, *given):
        _, component, source, side, unit, _ = given
        right(self, *given)
        return self._kept(component, source, side)[unit]

    monkeypatch.setattr(Editor, "_donor", wrong)


def takes_means_after_the_ablation(monkeypatch):
    right = Executor._run_items
    ablated = Ablation(tuple(Head(1, head) for head in range(8)), "zero")

    def wrong(self, on, side, items):
        under = [
            (ablated if Kept(Site(1, "z")) in measured else given, measured)
            for given, measured in items
        ]
        return right(self, on, side, under)

    monkeypatch.setattr(Executor, "_run_items", wrong)


def divides_by_the_size_of_an_empty_set(monkeypatch):
    def wrong(self, *given):
        _, component, source, side, unit, batch = given
        return self._kept(component, source, side)[unit][:0].mean(0).expand(batch.length, -1)

    monkeypatch.setattr(Editor, "_mean", wrong)


def calls_the_rise_a_drop(monkeypatch):
    right = Effect._difference
    monkeypatch.setattr(Effect, "_difference", lambda self: -right(self))


def computes_in_half_precision(monkeypatch):
    monkeypatch.setitem(load._DTYPES, "float32", torch.bfloat16)


SOUND = {
    head_that_moves_the_answer: Verdict.SUPPORTED,
    head_that_moves_the_answer_by_nearly_2: Verdict.SUPPORTED,
    head_that_moves_the_answer_beside_another_answer: Verdict.SUPPORTED,
    head_that_writes_the_same_everywhere: Verdict.REFUTED,
    head_with_a_tiny_effect: Verdict.SUPPORTED,
}
FAULTS = {
    includes_the_prompt_in_its_own_mean: (
        head_that_moves_the_answer_by_nearly_2,
        INCONCLUSIVE,
        "only in part",
    ),
    takes_the_mean_of_the_prompt_alone: (
        head_that_moves_the_answer,
        NO_EFFECT,
        "changed no activation",
    ),
    takes_donors_with_the_same_answer: (
        head_that_moves_the_answer_beside_another_answer,
        NO_EFFECT,
        "changed no activation",
    ),
    takes_means_after_the_ablation: (
        head_that_writes_the_same_everywhere,
        "planted truth: a decoy is supported",
        "above",
    ),
    divides_by_the_size_of_an_empty_set: (head_that_moves_the_answer, NO_EFFECT, "not finite"),
    calls_the_rise_a_drop: (
        head_that_moves_the_answer,
        "planted truth: the true instance is refuted",
        "no part",
    ),
    computes_in_half_precision: (head_with_a_tiny_effect, "noise floor", "only in part"),
}
