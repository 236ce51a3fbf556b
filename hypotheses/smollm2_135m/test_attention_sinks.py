"""Attention sinks in SmolLM2 135M (Gu et al. 2025, arXiv:2410.10781).

About half of the heads give most of their attention in ordinary text to the first place, with or
without the beginning token there, and nothing to that token in the middle of a text. What they
would read there is small. Heads were found on one half of the documents, and are tested on the
other.
"""

import pytest

from circuit_assert import head_is_attention_sink, plain_text

DOCUMENTS = plain_text().half("test")
FOUND = pytest.mark.parametrize("head", ["L18H8", "L18H6", "L20H6", "L17H4"])


@FOUND
def test_rests_on_the_first_place(smollm2, head):
    assert head_is_attention_sink(smollm2[head], on=DOCUMENTS)


@FOUND
def test_rests_on_the_first_place_without_the_beginning_token(smollm2, head):
    assert head_is_attention_sink(smollm2[head], on=DOCUMENTS, beginning=False)


@pytest.mark.open_claim("the control fails: it rests on the place, whatever stands there")
def test_rests_on_the_beginning_token(smollm2):
    assert head_is_attention_sink(smollm2["L18H8"], on=DOCUMENTS, rests_on="beginning token")


def test_the_value_that_L24H6_attends_to_is_not_small(smollm2):
    assert not head_is_attention_sink(smollm2["L24H6"], on=DOCUMENTS)


def test_the_previous_token_head_is_no_sink(smollm2):
    assert not head_is_attention_sink(smollm2["L16H0"], on=DOCUMENTS)
