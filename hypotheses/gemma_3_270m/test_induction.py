"""Induction heads in Gemma 3 270M (Olsson et al. 2022, arXiv:2209.11895).

An induction head attends to the token after the previous occurrence of the current one, and copies
it. The heads below were found on other random tokens (seed 1, `hypotheses/find_candidates.py`) than
those they are tested on (seed 0).

The model separates pattern from use: several heads have the pattern, and one of them, L11H2, does
nearly all of the copying. L13H3 has the pattern and lowers the logit of what it attends to.
"""

import pytest

from circuit_assert import head_attends_inductively, head_is_induction, repeated_tokens


@pytest.mark.parametrize("head", ["L5H1", "L11H2", "L5H2", "L5H3"])
def test_attends_inductively(gemma, head):
    assert head_attends_inductively(gemma[head])


def test_L11H2_is_an_induction_head(gemma):
    assert head_is_induction(gemma["L11H2"])


def test_L5H1_is_an_induction_head(gemma):
    assert head_is_induction(gemma["L5H1"])


def test_L13H3_has_the_pattern_and_is_not_an_induction_head(gemma):
    assert not head_is_induction(gemma["L13H3"])


def test_the_previous_token_head_is_not_an_induction_head(gemma):
    assert not head_is_induction(gemma["L2H3"])


def test_the_duplicate_token_head_is_not_an_induction_head(gemma):
    assert not head_is_induction(gemma["L3H3"])


def test_a_copying_head_without_the_pattern_is_not_an_induction_head(gemma):
    assert not head_is_induction(gemma["L15H2"])


def test_L5H1_attends_inductively_by_the_sum_over_targets(gemma):
    """Olsson et al.: blocks of about 25 tokens, said four times."""
    often = repeated_tokens(lengths=(20, 25, 30), times=4)
    head = gemma["L5H1"]
    assert head_attends_inductively(head, on=often, by=0.4, definition="sum over targets")


def test_L5H1_attends_inductively_by_the_head_detector(gemma):
    """Of TransformerLens; on blocks said twice it stays below 0.5."""
    assert head_attends_inductively(gemma["L5H1"], by=0.2, definition="head detector")


def test_L5H1_reads_L4H1(gemma):
    """Ablated on other tokens (seed 1), L4H1 took 0.76 of its attention of 0.80."""
    assert head_is_induction(gemma["L5H1"], reading=gemma["L4H1"])


def test_L5H1_does_not_read_L2H3(gemma):
    """Which attends to the previous token too (test_attention.py), and takes nothing there."""
    assert not head_is_induction(gemma["L5H1"], reading=gemma["L2H3"])


def test_L11H2_rests_on_more_than_L4H1(gemma):
    """There L4H1 took 0.19 of its attention of 0.57, and half of it is asked for."""
    assert not head_is_induction(gemma["L11H2"], reading=gemma["L4H1"])
