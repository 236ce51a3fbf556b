"""S-inhibition and interchange interventions at their bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, head_inhibits_subject, interchange_predicts_answers
from circuit_assert.circuits import HeadInput
from circuit_assert.claims.circuits.interchange import Outcome
from circuit_assert.claims.circuits.paths import PathEffect, card_of
from circuit_assert.components import Head
from circuit_assert.interventions import Patch
from circuit_assert.measurements import LogitDifference, Request, Says
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import inhibiting_model, inhibiting_prompts
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

_POPULATION = 800  # templates that the drop's population value is taken from
_AS_PREDICTED = 0.7  # of the pairs
_PER_TEMPLATE = 4

Made = Callable[[Model, int], Claim]


def _inhibits(by: float, model: Model, seed: int) -> Claim:
    return head_inhibits_subject(model["L0H0"], model["L1H0"], on=_names(seed), by=by)


def _drop_at_by(seed: int) -> Iterator[Claim]:
    """The bound is the drop in a population of templates that no claim is judged on."""
    model = Session().model(inhibiting_model())
    heads, queries = (Head(0, 0),), (HeadInput(Head(1, 0), "q"),)
    population = inhibiting_prompts(templates=_POPULATION, per_template=2, seed=10**6 + seed)
    drop = PathEffect(LogitDifference(), population, heads, queries, card_of(model["L0H0"]))
    by = float(model.explore()(drop).values.mean())
    for prompts in count(1):
        yield _inhibits(by, model, 1000 * seed + prompts)


def _predicts(predicted: float, by: float, model: Model, seed: int) -> Claim:
    """Of a causal model that knows the answers of some pairs, and is wrong about the rest."""
    drawn = _names(seed)
    generator = np.random.default_rng(seed)
    is_right = generator.random(len(drawn.prompts)) < predicted
    pairs = zip(drawn.prompts, is_right, strict=True)
    prompts = tuple(each if right else _with_other_words(each) for each, right in pairs)
    agreeing = tuple(map(_with_other_words, drawn.prompts))
    return interchange_predicts_answers(
        model["L0H0"],
        on=replace(drawn, prompts=prompts),
        agreeing=replace(drawn, name="other words", prompts=agreeing),
        by=by,
    )


def _changes_at_by(seed: int) -> Iterator[Claim]:
    """As many pairs are predicted as the model says the foil of, times the share that is right."""
    model = Session().model(inhibiting_model())
    population = inhibiting_prompts(templates=_POPULATION, per_template=2, seed=10**6 + seed)
    swap = Patch(model["L0H0"].components, "corrupt")
    says = Outcome(Request(Says("foils"), population, "clean", swap))
    by = _AS_PREDICTED * float(model.explore()(says).values.mean())
    return _claims(partial(_predicts, _AS_PREDICTED, by), seed)


def _with_other_words(prompt: Prompt) -> Prompt:
    """Its twin has the same names, and other fillers between them."""
    return replace(prompt, corrupt=re.sub(r"w6(\d)", r"w7\1", prompt.text))


def _names(seed: int) -> PromptSet:
    return inhibiting_prompts(per_template=_PER_TEMPLATE, seed=seed)


def _claims(make: Made, seed: int, *, random: bool = False) -> Iterator[Claim]:
    planted = inhibiting_model()
    model = Session().model(planted.with_random_weights(seed) if random else planted)
    for prompts in count(1):
        yield make(model, 1000 * seed + prompts)


def _cases(name: str, true: Made, null: Made) -> tuple[Case, Case]:
    nothing = partial(_claims, null, random=True)
    return (
        Case(name, "clearly", "true", partial(_claims, true), share=0.125),
        Case(name, "random weights", "easy null", nothing, models=20, share=0.125),
    )


CASES = (
    Case("head_inhibits_subject", "path", "at the bound", _drop_at_by, share=0.25),
    *_cases("head_inhibits_subject", partial(_inhibits, 2.0), partial(_inhibits, 0.3)),
    Case("interchange_predicts_answers", "changes", "at the bound", _changes_at_by, share=0.25),
    *_cases(
        "interchange_predicts_answers", partial(_predicts, 1.0, 0.5), partial(_predicts, 1.0, 0.3)
    ),
)
