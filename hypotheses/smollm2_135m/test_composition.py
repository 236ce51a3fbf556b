"""Which heads read a previous-token head in SmolLM2 135M (Elhage et al. 2021, A Mathematical
Framework; Olsson et al. 2022, arXiv:2209.11895).

An induction head finds the token after an earlier occurrence because a previous-token head wrote
there what stood before: its keys read what that head writes. L16H0 and L11H1 attend to the previous
token; L17H3, L17H4, L17H5 and L18H6 have the induction pattern (test_induction.py). Scores were
looked at before the claims were made: of the two, L16H0 is the one that fits. Weights have no
second half to test on, so its ranks are those of the better of two.
"""

import pytest

from circuit_assert import heads_compose


@pytest.mark.parametrize("head", ["L17H3", "L17H4", "L17H5"])
def test_an_induction_head_reads_the_previous_token_head_through_its_keys(smollm2, head):
    assert heads_compose(smollm2["L16H0"], smollm2[head], via="K")


@pytest.mark.open_claim("L17H8 scores more, so it is the second of 162: not one in a hundred")
def test_L18H6_reads_it_through_its_keys(smollm2):
    assert heads_compose(smollm2["L16H0"], smollm2["L18H6"], via="K")


def test_L17H0_which_has_no_such_pattern_does_not(smollm2):
    assert not heads_compose(smollm2["L16H0"], smollm2["L17H0"], via="K")


@pytest.mark.open_claim("a quarter of the other heads score more: no pair to speak of, nor none")
def test_L18H6_does_not_read_it_through_its_values(smollm2):
    assert not heads_compose(smollm2["L16H0"], smollm2["L18H6"], via="V")
