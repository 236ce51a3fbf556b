"""Induction and previous-token heads in GPT-2 small (Olsson et al. 2022, arXiv:2209.11895).

Five heads are strongly inductive in ARENA 1.2, two of which (5.5 and 6.9) are those of Wang et al.
2022 (arXiv:2211.00593, App. H). The previous-token heads are the first two of that paper. Bounds
are the default, 0.4, which is ARENA's; they were set without a run of the model.
"""

import pytest

from circuit_assert import head_attends_inductively, head_is_induction, head_is_previous_token

pytestmark = pytest.mark.needs_hub("gpt2")

INDUCTION = ["L5H1", "L5H5", "L6H9", "L7H2", "L7H10"]


@pytest.mark.parametrize("head", INDUCTION)
def test_attends_inductively(gpt2, head):
    assert head_attends_inductively(gpt2[head])


@pytest.mark.parametrize("head", INDUCTION)
def test_is_an_induction_head(gpt2, head):
    assert head_is_induction(gpt2[head])


@pytest.mark.parametrize("head", ["L4H11", "L2H2"])
def test_is_a_previous_token_head(gpt2, head):
    assert head_is_previous_token(gpt2[head])


def test_a_head_that_rests_on_the_first_token_is_no_previous_token_head(gpt2):
    """4.10 looks like one where the first token is left out (TransformerLens' main demo)."""
    assert not head_is_previous_token(gpt2["L4H10"])


@pytest.mark.parametrize("head", ["L4H11", "L2H2"])
def test_a_previous_token_head_is_not_an_induction_head(gpt2, head):
    assert not head_is_induction(gpt2[head])
