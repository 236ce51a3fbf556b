"""Interchange interventions on heads that hold a variable, another one, or none."""

import re
from dataclasses import replace

import numpy as np
import pytest

from circuit_assert import Session, interchange_predicts_answers
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import inhibiting_model, inhibiting_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = inhibiting_model()
PROMPTS = inhibiting_prompts(templates=40, per_template=2)
NAMES, FILLERS = range(1, 41), range(41, 80)


def renamed(words, seed=0):
    """The prompts, with twins that say other ones of some words, each always the same."""
    order = np.random.default_rng(seed).permutation(list(words)).tolist()
    other = {f"w{one}": f"w{two}" for one, two in zip(order, order[1:] + order[:1], strict=True)}

    def change(text):
        return re.sub(r"w\d+", lambda found: other.get(found.group(), found.group()), text)

    twins = tuple(replace(p, corrupt=change(p.text)) for p in PROMPTS.prompts)
    return replace(PROMPTS, name=f"renamed from w{words[0]}", prompts=twins)


SAME_NAMES, OTHER_NAMES = renamed(FILLERS), renamed(NAMES)


def of(model, head, agreeing=SAME_NAMES, by=0.75, on=PROMPTS, **named):
    return interchange_predicts_answers(model[head], on=on, agreeing=agreeing, by=by, **named)


@pytest.mark.parametrize("head", ["L0H0", "L1H0"])
def test_heads_that_hold_the_name_are_supported(model_of, head):
    evidence = of(model_of(PLANTED), head).check()
    assert evidence.verdict is SUPPORTED, evidence.reason


@pytest.mark.parametrize("head", ["L0H1", "L0H2", "L0H4", "L1H2"])
def test_swapping_what_holds_nothing_is_refuted(model_of, head):
    assert of(model_of(PLANTED), head).check().verdict is REFUTED


def test_another_variable_is_refuted(model_of):
    """Which name is said again, and not whether it is the first: other names leave the latter."""
    evidence = of(model_of(PLANTED), "L0H0", agreeing=OTHER_NAMES).check()
    assert evidence.verdict is REFUTED
    assert "keeps" in evidence.reason


def test_swapping_everything_is_no_variable(model_of):
    every = tuple(f"L{layer}H{head}" for layer in range(2) for head in range(6))
    assert of(model_of(PLANTED), every, agreeing=OTHER_NAMES).check().verdict is REFUTED


def test_a_bound_below_chance_is_inconclusive(model_of):
    one = PROMPTS.prompts[0]
    alike = tuple(
        prompt
        for prompt in inhibiting_prompts(templates=40, per_template=80).prompts
        if prompt.foil == one.foil
    )
    assert len({prompt.clusters["template"] for prompt in alike}) > 15
    evidence = of(model_of(PLANTED), "L0H0", by=0.4, on=replace(PROMPTS, prompts=alike)).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "commonest expected token is that of 100%" in evidence.reason


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    claims = [of(model, f"L{y}H{h}", by=0.05) for y in range(2) for h in range(6)]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ClaimError, match="share of cases"):
        of(model, "L0H0", by=1.0)
    direction = model.direction(SAME_NAMES, versus=OTHER_NAMES, at="L0.resid_post")
    with pytest.raises(ClaimError, match="got a direction"):
        interchange_predicts_answers(direction, on=PROMPTS, agreeing=SAME_NAMES, by=0.5)
