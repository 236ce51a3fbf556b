"""Copy suppression in Gemma 3 270M (McDougall et al. 2023, arXiv:2310.04625): no head was found.

Heads were looked at on 64 tokens drawn with another seed and on the discovery half of the texts.
L7H1 and L9H1 lower most of what they read, by the embedding and what the first MLP makes of it.
Neither looks for what is about to be predicted, and on text their outputs seldom lower the token
that they attend to; what they read there may no longer be its embedding. What the model says
depends on L9H1 (0.15 nats of divergence on the discovery half), and none of that is left with its
copy suppression alone.
"""

import pytest

from circuit_assert import copy_suppression_explains, head_suppresses_copies, plain_text

TEXT = plain_text().half("test")


@pytest.mark.parametrize("head", ["L7H1", "L9H1"])
def test_a_head_that_lowers_what_it_reads_does_not_suppress_copies(gemma, head):
    assert not head_suppresses_copies(gemma[head], on=TEXT)


def test_copy_suppression_does_not_explain_what_it_does_instead(gemma):
    assert not copy_suppression_explains(gemma["L9H1"], on=TEXT)
