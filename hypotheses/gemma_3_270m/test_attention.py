"""Where heads of Gemma 3 270M attend (Wang et al. 2022, arXiv:2211.00593; Olsson et al. 2022).

Previous-token and duplicate-token heads, and heads between the roles of indirect object
identification. They were found on one half of the documents, of the templates, and on other random
tokens (`discover`), and are tested on the other half. Bounds for shares of attention other than 0.4
are our choice.
"""

import pytest

from circuit_assert import (
    head_attends_to,
    head_is_duplicate_token,
    head_is_previous_token,
    ioi,
    plain_text,
    repeated_tokens,
)

DOCUMENTS = plain_text().half("test")
PROMPTS = ioi(per_template=2, corruption="abc").half("test")


def test_L2H3_is_a_previous_token_head(gemma):
    assert head_is_previous_token(gemma["L2H3"], on=DOCUMENTS)


def test_L4H1_is_a_previous_token_head(gemma):
    assert head_is_previous_token(gemma["L4H1"], on=DOCUMENTS)


@pytest.mark.parametrize("head", ["L5H1", "L3H3", "L7H3"])
def test_is_not_a_previous_token_head(gemma, head):
    assert not head_is_previous_token(gemma[head], on=DOCUMENTS)


@pytest.mark.parametrize("head", ["L3H3", "L0H1"])
def test_is_a_duplicate_token_head_on_random_tokens(gemma, head):
    assert head_is_duplicate_token(gemma[head], on=repeated_tokens(), by=0.3)


@pytest.mark.parametrize("head", ["L3H3", "L0H1"])
def test_is_a_duplicate_token_head_on_names(gemma, head):
    assert head_is_duplicate_token(gemma[head], on=PROMPTS, second="S2", first="S1", by=0.3)


def test_the_induction_head_is_not_a_duplicate_token_head(gemma):
    assert not head_is_duplicate_token(gemma["L5H1"], on=repeated_tokens(), by=0.3)


@pytest.mark.parametrize("head", ["L13H3", "L17H2"])
def test_attends_from_the_end_to_the_indirect_object(gemma, head):
    assert head_attends_to(gemma[head], "IO", on=PROMPTS, versus="S1", by=0.15)


def test_L9H3_attends_from_the_end_to_the_second_subject(gemma):
    assert head_attends_to(gemma["L9H3"], "S2", on=PROMPTS, versus=["IO", "S1"], by=0.15)


def test_L5H3_attends_from_the_second_subject_to_what_followed_the_first(gemma):
    assert head_attends_to(gemma["L5H3"], "S1+1", on=PROMPTS, versus=["IO", "S1"], at="S2", by=0.3)


def test_the_head_that_matters_most_attends_to_the_indirect_object_no_more_than_that(gemma):
    assert not head_attends_to(gemma["L11H3"], "IO", on=PROMPTS, versus="S1", by=0.15)
