"""Name movers in Gemma 3 270M (Wang et al. 2022, arXiv:2211.00593): none was found.

A name mover attends from the end to the name that is asked for, copies names by its weights, and
writes the answer. On the discovery half of the templates five heads gave that name 0.05 more of
their attention than the other one; none of them raises, or lowers, a single name to the top five
when it reads the embedding and what the first MLP makes of it, which is the paper's copy score.
"""

import pytest

from circuit_assert import head_is_name_mover, head_is_negative_name_mover, ioi

PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def test_L12H1_attends_and_writes_the_answer_and_does_not_copy_names(gemma):
    assert not head_is_name_mover(gemma["L12H1"], on=PROMPTS, by_attention=0.05)


def test_L17H2_attends_and_writes_against_the_answer_and_does_not_lower_names(gemma):
    assert not head_is_negative_name_mover(gemma["L17H2"], on=PROMPTS, by_attention=0.05)


@pytest.mark.parametrize("head", ["L11H3", "L10H3"])
def test_the_heads_that_the_answer_needs_are_none(gemma, head):
    """Ablating them costs logits (test_indirect_object.py)."""
    assert not head_is_name_mover(gemma[head], on=PROMPTS, by_attention=0.05)


def test_L15H1_which_works_against_the_answer_is_none(gemma):
    assert not head_is_negative_name_mover(gemma["L15H1"], on=PROMPTS, by_attention=0.05)
