"""Induction heads in SmolLM2 135M Instruct (Olsson et al. 2022, arXiv:2209.11895).

An induction head attends to the token after the previous occurrence of the current one, and copies
it. The heads below were found on other random tokens (seed 1, `hypotheses/find_candidates.py`) than
those they are tested on (seed 0).
"""

import pytest

from circuit_assert import (
    ablation_raises_loss,
    exactly_these_heads_are,
    head_attends_inductively,
    head_is_induction,
    repeated_tokens,
    some_head_is,
)


@pytest.mark.parametrize("head", ["L18H6", "L17H3", "L17H4", "L17H5"])
def test_attends_inductively(smollm2, head):
    assert head_attends_inductively(smollm2[head])


def test_L18H6_is_an_induction_head(smollm2):
    assert head_is_induction(smollm2["L18H6"])


def test_it_reads_the_previous_token_head(smollm2):
    """On the other tokens L16H0 was worth 0.62 of its attention of 0.80."""
    assert head_is_induction(smollm2["L18H6"], reading=smollm2["L16H0"])


def test_it_does_not_read_another_one(smollm2):
    """L11H1 attends to the previous token too (test_attention.py)."""
    assert not head_is_induction(smollm2["L18H6"], reading=smollm2["L11H1"])


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


def test_in_layer_17_these_and_no_others_attend_inductively(smollm2):
    """So it is on the tokens that they were found on."""
    these, layer = smollm2["L17H3", "L17H4", "L17H5"], smollm2.heads(layers=[17])
    assert exactly_these_heads_are(head_attends_inductively, these, layer)


def test_some_head_of_the_middle_layers_does(smollm2):
    """Nothing is named: the best of one half of the sequences is tested on the other."""
    assert some_head_is(head_attends_inductively, smollm2.heads(layers=range(10, 20)))


@pytest.mark.open_claim("its peers raise it by nearly as much, on sixteen sequences of a half")
def test_L17H3_lowers_the_loss_of_what_was_said_before(smollm2):
    """By 0.3 nats on the other tokens; there its peers left it open. The bound is a third."""
    assert ablation_raises_loss(smollm2["L17H3"], on=repeated_tokens(), by=0.1)


def test_L17H4_does_not_lower_it(smollm2):
    """It attends as well, and ablated alone it costs 0.05 nats on the other tokens."""
    assert not ablation_raises_loss(smollm2["L17H4"], on=repeated_tokens(), by=0.2)
