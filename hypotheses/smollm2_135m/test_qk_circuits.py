"""Heads of SmolLM2 135M whose queries score keys of the same token (Elhage et al. 2021).

From queries and keys of tokens alone, at rotary distances 1, 4 and 16. The heads stood out, or did
not, among those of the first seven layers, on 600 tokens drawn with another seed.

They are heads that would find a repeated token wherever it stands, if they read tokens alone.
"""

import pytest

from circuit_assert import qk_circuit_matches


@pytest.mark.parametrize("head", ["L5H6", "L2H4"])
def test_matches_the_same_token(smollm2, head):
    assert qk_circuit_matches(smollm2[head])


@pytest.mark.parametrize("head", ["L1H7", "L2H0"])
def test_a_head_that_scores_other_tokens_higher_does_not(smollm2, head):
    assert not qk_circuit_matches(smollm2[head])


def test_the_strongest_induction_head_matches_nothing_by_tokens_alone(smollm2):
    """It matches what an earlier head has written there."""
    assert not qk_circuit_matches(smollm2["L18H6"])
