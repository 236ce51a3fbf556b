"""Successor heads in SmolLM2 135M (Gould et al. 2023, arXiv:2312.09230): none was found.

All heads were looked at, over all classes: the claim is from weights, with nothing held out. The
largest share of ordinal words whose successor a head raises most is 6 %, of L20H8.
"""

import pytest

from circuit_assert import head_is_successor


@pytest.mark.parametrize("head", ["L20H8", "L7H5"])
def test_the_heads_that_come_nearest_are_no_successor_heads(smollm2, head):
    assert not head_is_successor(smollm2[head])
