"""Where heads of Gemma 3 270M write and read (Elhage et al. 2021, A Mathematical Framework).

L4H1 attends to the previous token, L5H1 inductively. Composition scores are undefined here for the
norms after attention (test_composition.py); subspaces are not. Heads are wide: independent ones
overlap by 0.4, most pairs by less. Of five pairs, the overlaps were looked at once.
"""

import pytest

from circuit_assert import subspaces_are_disjoint, subspaces_overlap


def test_an_induction_head_reads_keys_where_the_previous_token_head_writes(gemma):
    assert subspaces_overlap(gemma["L4H1"], gemma["L5H1"], via="K")


@pytest.mark.parametrize("via", ["Q", "V"])
def test_its_queries_and_values_are_read_elsewhere(gemma, via):
    assert not subspaces_overlap(gemma["L4H1"], gemma["L5H1"], via=via)


def test_the_strongest_previous_token_head_writes_elsewhere(gemma):
    assert subspaces_are_disjoint(gemma["L2H3"], gemma["L5H1"], via="K")
