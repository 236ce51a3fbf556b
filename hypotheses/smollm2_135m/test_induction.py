"""Induction heads in SmolLM2 135M Instruct (Olsson et al. 2022, arXiv:2209.11895).

An induction head attends to the token after the previous occurrence of the current one, and copies
it. The heads below were found on other random tokens (seed 1, `hypotheses/find_candidates.py`) than
those they are tested on (seed 0).
"""

import pytest

from circuit_assert import head_attends_inductively, head_is_induction, repeated_tokens


@pytest.mark.parametrize("head", ["L18H6", "L17H3", "L17H4", "L17H5"])
def test_attends_inductively(smollm2, head):
    assert head_attends_inductively(smollm2[head])


def test_L18H6_is_an_induction_head(smollm2):
    assert head_is_induction(smollm2["L18H6"])


@pytest.mark.parametrize("head", ["L16H0", "L11H1"])
def test_a_previous_token_head_is_not_an_induction_head(smollm2, head):
    assert not head_is_induction(smollm2[head])


def test_a_copying_head_without_the_pattern_is_not_an_induction_head(smollm2):
    assert not head_is_induction(smollm2["L29H1"])


def test_L18H6_attends_inductively_by_the_sum_over_targets(smollm2):
    """Olsson et al.: blocks of about 25 tokens, said four times."""
    often = repeated_tokens(lengths=(20, 25, 30), times=4)
    head = smollm2["L18H6"]
    assert head_attends_inductively(head, on=often, by=0.4, definition="sum over targets")


def test_L18H6_attends_inductively_by_the_head_detector(smollm2):
    """Of TransformerLens; on blocks said twice it stays below 0.5."""
    assert head_attends_inductively(smollm2["L18H6"], by=0.2, definition="head detector")
