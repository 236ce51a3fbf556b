"""Heads behind indirect object identification in Gemma 3 270M (Wang et al. 2022, arXiv:2211.00593).

"When Mary and John went to the shop, John gave a ring to" is answered by the model with " Mary".
Heads are mean-ablated over prompts with three unrelated names (the paper's reference). They were
found on one half of the templates (`hypotheses/find_candidates.py`) and are tested on the other.

Activation patching is between twins that differ in which name is said twice; it was not looked at
when the heads were found, on any prompt.

Thresholds are in logits of the logit difference, which is about 5 on these prompts.
"""

import pytest

from circuit_assert import (
    ablation_drops_logit,
    ablation_preserves_logit,
    direct_effect_is,
    ioi,
    patching_breaks_logit,
    patching_restores_logit,
)

PROMPTS = ioi(per_template=2, corruption="abc").half("test")

TWINS = ioi(per_template=2).half("test")


def drops(component, by):
    return ablation_drops_logit(component, on=PROMPTS, by=by, reference="corrupt")


def test_L11H3_carries_a_fifth_of_the_logit_difference(gemma):
    assert drops(gemma["L11H3"], by=1.0)


def test_L10H3_contributes(gemma):
    assert drops(gemma["L10H3"], by=0.5)


@pytest.mark.open_claim("24 templates leave its interval astride the bound")
def test_L13H3_contributes(gemma):
    assert drops(gemma["L13H3"], by=0.5)


@pytest.mark.parametrize("head", ["L15H1", "L12H1", "L11H2"])
def test_a_head_that_works_against_the_answer_does_not_drop_it(gemma, head):
    assert not drops(gemma[head], by=0.5)


def test_the_previous_token_head_does_not(gemma):
    assert not drops(gemma["L2H3"], by=0.5)


def test_the_previous_token_head_can_be_left_out(gemma):
    assert ablation_preserves_logit(gemma["L2H3"], on=PROMPTS, within=0.5, reference="corrupt")


def test_L11H3_carries_which_name_is_asked_for(gemma):
    assert patching_restores_logit(gemma["L11H3"], on=TWINS, by=0.5, share=0.1)
    assert patching_breaks_logit(gemma["L11H3"], on=TWINS, by=0.5, share=0.1)


def test_a_head_that_works_against_the_answer_carries_the_other_name(gemma):
    assert not patching_restores_logit(gemma["L15H1"], on=TWINS, by=0.5)


def test_it_writes_against_the_answer(gemma):
    assert direct_effect_is(gemma["L15H1"], on=PROMPTS, by=-0.5)


def test_L11H3_writes_the_answer_itself(gemma):
    assert direct_effect_is(gemma["L11H3"], on=PROMPTS, by=0.2)
