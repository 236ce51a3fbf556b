"""The successor head of Pythia 1.4B (Gould et al. 2023, arXiv:2312.09230): L12H0, their case study.

Its succession score is eight times that of the runner-up there, so that no other head is one. The
bound, a half of all ordinal words, is the default; it was set without a run of the model.
"""

import pytest

from circuit_assert import head_is_successor

pytestmark = pytest.mark.needs_hub("EleutherAI/pythia-1.4b")


def test_L12H0_is_a_successor_head(pythia_1_4b):
    assert head_is_successor(pythia_1_4b["L12H0"])


@pytest.mark.parametrize("head", ["L12H1", "L11H0"])
def test_heads_beside_it_are_not(pythia_1_4b, head):
    assert not head_is_successor(pythia_1_4b[head])
