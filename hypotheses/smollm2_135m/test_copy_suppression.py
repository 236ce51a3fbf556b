"""Copy suppression in SmolLM2 135M (McDougall et al. 2023, arXiv:2310.04625): no head was found.

Heads were looked at on 64 tokens drawn with another seed and on the discovery half of the texts.
L23H3 and L24H4 lower about half of what they read, of all heads by far the most; neither looks for
what is about to be predicted, by its weights, as GPT-2 small's L10H7 does.
"""

import pytest

from circuit_assert import head_suppresses_copies, plain_text

TEXT = plain_text().half("test")


@pytest.mark.parametrize("head", ["L23H3", "L24H4"])
def test_a_head_that_lowers_what_it_reads_does_not_look_for_what_is_predicted(smollm2, head):
    assert not head_suppresses_copies(smollm2[head], on=TEXT)


def test_the_strongest_induction_head_does_not_suppress_copies(smollm2):
    assert not head_suppresses_copies(smollm2["L18H6"], on=TEXT)
