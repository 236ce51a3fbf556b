"""Copy suppression in SmolLM2 135M (McDougall et al. 2023, arXiv:2310.04625): no head was found.

Heads were looked at on 64 tokens drawn with another seed and on the discovery half of the texts.
L23H3 and L24H4 lower about half of what they read, of all heads by far the most; neither looks for
what is about to be predicted, by its weights, as GPT-2 small's L10H7 does. On the discovery half,
nothing of what L24H4 does is left with its copy suppression alone, and of what L23H3 does 7 % with
what it writes against the token, wherever it attends.
"""

import pytest

from circuit_assert import copy_suppression_explains, head_suppresses_copies, plain_text

TEXT = plain_text().half("test")


@pytest.mark.parametrize("head", ["L23H3", "L24H4"])
def test_a_head_that_lowers_what_it_reads_does_not_look_for_what_is_predicted(smollm2, head):
    assert not head_suppresses_copies(smollm2[head], on=TEXT)


def test_the_strongest_induction_head_does_not_suppress_copies(smollm2):
    assert not head_suppresses_copies(smollm2["L18H6"], on=TEXT)


def test_copy_suppression_does_not_explain_what_a_head_that_lowers_does(smollm2):
    assert not copy_suppression_explains(smollm2["L24H4"], on=TEXT)


def test_nor_does_what_a_head_writes_against_the_tokens_it_reads(smollm2):
    """L23H3, which lowers half of what it reads by its weights."""
    assert not copy_suppression_explains(smollm2["L23H3"], on=TEXT, keeping="ov")
