"""Do heads of Gemma 3 270M match tokens with themselves by tokens alone? (Elhage et al. 2021)

From normalised queries and keys of tokens alone, at rotary distances 1, 4 and 16. L3H3 and L3H0 had
the largest and the smallest spectrum among heads of the first nine layers, on 600 tokens drawn with
another seed. That the induction head has nothing of it was expected, for it matches what an
earlier head has written there.
"""

from circuit_assert import qk_circuit_matches


def test_L3H3_matches_the_same_token(gemma):
    assert qk_circuit_matches(gemma["L3H3"])


def test_a_head_that_scores_other_tokens_higher_does_not(gemma):
    assert not qk_circuit_matches(gemma["L3H0"])


def test_the_induction_head_matches_nothing_by_tokens_alone(gemma):
    assert not qk_circuit_matches(gemma["L11H2"])
