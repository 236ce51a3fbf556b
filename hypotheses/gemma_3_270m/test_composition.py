"""Which heads read a previous-token head in Gemma 3 270M? (Elhage et al. 2021, A Mathematical
Framework.) Weights do not tell here, and the claim says so: composition scores are norms, which the
norm after attention takes away, and queries and keys are normalised before they meet.
"""

import pytest

from circuit_assert import heads_compose


@pytest.mark.open_claim("there is no score in a model with norms after attention")
def test_L5H1_reads_the_previous_token_head_through_its_keys(gemma):
    assert heads_compose(gemma["L4H1"], gemma["L5H1"], via="K")
