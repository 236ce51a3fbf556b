"""Induction in Pythia 160M (Olsson et al. 2022, arXiv:2209.11895): that there is such a head.

Which one it is, nobody has published that we know of: it is found on one half of the random tokens,
and tested on the other.
"""

import pytest

from circuit_assert import head_is_induction, some_head_is

pytestmark = pytest.mark.needs_hub("EleutherAI/pythia-160m")


def test_some_head_is_an_induction_head(pythia_160m):
    assert some_head_is(head_is_induction, pythia_160m.heads())
