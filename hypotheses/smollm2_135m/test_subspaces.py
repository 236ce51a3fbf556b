"""Where heads of SmolLM2 135M write and read (Elhage et al. 2021, A Mathematical Framework).

L16H0 attends to the previous token, L17H3 inductively. Of a dozen pairs, chosen by what heads
attend to, the overlaps were looked at once. Beyond rotations are most; by how much is what differs:
the keys of L17H3 overlap with what L16H0 writes by 0.41, those of its neighbour L17H0 by 0.12, and
independent subspaces by 0.11.
"""

from circuit_assert import subspaces_are_disjoint, subspaces_overlap


def test_an_induction_head_reads_keys_where_the_previous_token_head_writes(smollm2):
    assert subspaces_overlap(smollm2["L16H0"], smollm2["L17H3"], via="K")


def test_its_neighbour_does_so_little(smollm2):
    assert subspaces_are_disjoint(smollm2["L16H0"], smollm2["L17H0"], via="K")


def test_the_induction_head_s_keys_are_not_disjoint_from_it(smollm2):
    assert not subspaces_are_disjoint(smollm2["L16H0"], smollm2["L17H3"], via="K")


def test_values_are_not_read_where_an_earlier_previous_token_head_writes(smollm2):
    assert not subspaces_overlap(smollm2["L11H1"], smollm2["L18H6"], via="V")
