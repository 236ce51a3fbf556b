"""Heads behind indirect object identification in SmolLM2 135M (Wang et al. 2022, arXiv:2211.00593).

"When Mary and John went to the shop, John gave a ring to" is answered by the model with " Mary".
Heads are mean-ablated over prompts with three unrelated names (the paper's reference). They were
found on one half of the templates (`hypotheses/find_candidates.py`) and are tested on the other.

Activation patching is between twins that differ in which name is said twice; it was not looked at
when the heads were found, on any prompt.

Thresholds are in logits of the logit difference, which is about 4 on these prompts.
"""

import pytest

from circuit_assert import (
    ablation_drops_logit,
    ablation_preserves_logit,
    direct_effect_is,
    ioi,
    patching_breaks_logit,
    patching_restores_logit,
    robustly,
)

PROMPTS = ioi(per_template=2, corruption="abc").half("test")

TWINS = ioi(per_template=2).half("test")


def drops(component, by):
    return ablation_drops_logit(component, on=PROMPTS, by=by, reference="corrupt")


@pytest.mark.parametrize("head", ["L23H3", "L20H0", "L17H4"])
def test_contributes(smollm2, head):
    assert drops(smollm2[head], by=0.5)


def test_the_strongest_induction_head_does_not(smollm2):
    assert not drops(smollm2["L18H6"], by=0.5)


@pytest.mark.parametrize("head", ["L29H0", "L24H5"])
def test_a_head_that_works_against_the_answer_does_not_drop_it(smollm2, head):
    assert not drops(smollm2[head], by=0.5)


def test_the_strongest_induction_head_can_be_left_out(smollm2):
    assert ablation_preserves_logit(smollm2["L18H6"], on=PROMPTS, within=0.5, reference="corrupt")


def test_L23H3_carries_which_name_is_asked_for(smollm2):
    assert patching_restores_logit(smollm2["L23H3"], on=TWINS, by=0.5, share=0.1)
    assert patching_breaks_logit(smollm2["L23H3"], on=TWINS, by=0.5, share=0.1)


def test_the_strongest_induction_head_does_not_carry_it(smollm2):
    assert not patching_restores_logit(smollm2["L18H6"], on=TWINS, by=0.5)


def test_L23H3_writes_the_answer_itself(smollm2):
    assert direct_effect_is(smollm2["L23H3"], on=PROMPTS, by=0.2)


def test_L20H0_works_through_later_parts(smollm2):
    """Ablating it costs a logit, and it writes none: first asserted otherwise, and refuted."""
    assert not direct_effect_is(smollm2["L20H0"], on=PROMPTS, by=0.2)


def test_L23H3_contributes_whatever_it_is_replaced_by(smollm2):
    grid = {"ablation": ["mean", "zero"], "reference": ["corrupt", None]}
    assert robustly(ablation_drops_logit, smollm2["L23H3"], over=grid, on=PROMPTS, by=0.5)
