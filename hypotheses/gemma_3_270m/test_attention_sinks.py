"""Attention sinks in Gemma 3 270M (Gu et al. 2025, arXiv:2410.10781).

Half of the heads give most of their attention in ordinary text to the first token. It is the
beginning token that they rest on, not the first place: put into the middle of a text it draws as
much from there, and without it nothing at the first place does. Heads were found on one half of the
documents and are tested on the other.

L5H1, an induction head, gives it more than any other head, and its value there is no smaller than
elsewhere: that head does not rest by writing little.
"""

import pytest

from circuit_assert import head_is_attention_sink, plain_text

DOCUMENTS = plain_text().half("test")


@pytest.mark.parametrize("head", ["L17H3", "L1H1", "L12H1", "L11H2"])
def test_rests_on_the_beginning_token(gemma, head):
    assert head_is_attention_sink(gemma[head], on=DOCUMENTS, rests_on="beginning token")


@pytest.mark.open_claim("the control fails: it rests on the token, wherever that stands")
def test_rests_on_the_first_place(gemma):
    assert head_is_attention_sink(gemma["L11H2"], on=DOCUMENTS)


@pytest.mark.parametrize("head", ["L11H2", "L17H3", "L5H1"])
def test_does_not_rest_on_the_first_place_without_the_beginning_token(gemma, head):
    assert not head_is_attention_sink(gemma[head], on=DOCUMENTS, beginning=False)


def test_the_value_that_L5H1_attends_to_is_not_small(gemma):
    assert not head_is_attention_sink(gemma["L5H1"], on=DOCUMENTS, rests_on="beginning token")


def test_the_previous_token_head_is_no_sink(gemma):
    assert not head_is_attention_sink(gemma["L2H3"], on=DOCUMENTS)
