"""Copy suppression in GPT-2 small (McDougall et al. 2023, arXiv:2310.04625).

The paper's numbers for L10H7, all by the top ten tokens: 85 % by OV, 96 % by QK, and on text 78 %
of the places that get more than 0.1 of its attention. The bound is the default, a half, for the
texts here are few; it was set without a run of the model. Likewise for what copy suppression
explains of L10H7's direct effect: 76.9 % in the paper.
"""

import pytest

from circuit_assert import copy_suppression_explains, head_suppresses_copies

pytestmark = pytest.mark.needs_hub("gpt2")


def test_L10H7_suppresses_copies(gpt2):
    assert head_suppresses_copies(gpt2["L10H7"])


def test_copy_suppression_explains_most_of_what_L10H7_does(gpt2):
    assert copy_suppression_explains(gpt2["L10H7"], by=0.5, effect="direct")


def test_a_name_mover_does_not(gpt2):
    """L9H9 copies names by its weights (Wang et al. 2022, arXiv:2211.00593)."""
    assert not head_suppresses_copies(gpt2["L9H9"])
