"""Heads of Gemma 3 270M that copy by their weights (Elhage et al. 2021, A Mathematical Framework).

Copying here: the OV circuit's eigenvalues are positive, and most tokens are among the ten that they
raise most. The heads stood out, or did not, among all heads, on 2,000 tokens drawn with another
seed.

Of this model's heads with the induction pattern, L11H2 does nearly all of the copying on repeated
tokens (test_induction.py). By its weights it raises what it reads, and many tokens more.
"""

import pytest

from circuit_assert import ov_circuit_copies


@pytest.mark.parametrize("head", ["L15H0", "L17H1"])
def test_copies(gemma, head):
    assert ov_circuit_copies(gemma[head])


def test_L7H0_copies_what_the_first_mlp_makes_of_tokens(gemma):
    assert ov_circuit_copies(gemma["L7H0"], embedding="effective")


@pytest.mark.parametrize("head", ["L7H1", "L15H1"])
def test_a_head_that_lowers_what_it_reads_does_not_copy(gemma, head):
    assert not ov_circuit_copies(gemma[head])


def test_the_induction_head_does_not_copy_by_its_weights_alone(gemma):
    assert not ov_circuit_copies(gemma["L11H2"])
