"""Heads of SmolLM2 135M that copy by their weights (Elhage et al. 2021, A Mathematical Framework).

Copying here: the OV circuit's eigenvalues are positive, and most tokens are among the ten that they
raise most. The heads stood out, or did not, among all heads, on 2,000 tokens drawn with another
seed.

Which embedding is meant decides. Heads of the last layers copy by the plain one; for L29H1 nothing
is left of it once the first MLP has added to the embedding.
"""

import pytest

from circuit_assert import ov_circuit_copies


def test_L29H1_copies(smollm2):
    assert ov_circuit_copies(smollm2["L29H1"])


@pytest.mark.open_claim("about half of the tokens, too near the bound for a thousand")
def test_L28H5_copies(smollm2):
    assert ov_circuit_copies(smollm2["L28H5"])


def test_L29H1_does_not_copy_what_the_first_mlp_makes_of_tokens(smollm2):
    assert not ov_circuit_copies(smollm2["L29H1"], embedding="effective")


@pytest.mark.open_claim("about half of the tokens, too near the bound for a thousand")
def test_L23H0_copies_what_the_first_mlp_makes_of_tokens(smollm2):
    assert ov_circuit_copies(smollm2["L23H0"], embedding="effective")


def test_a_head_that_lowers_what_it_reads_does_not_copy(smollm2):
    assert not ov_circuit_copies(smollm2["L29H0"])


def test_the_strongest_induction_head_does_not_copy_by_its_weights_alone(smollm2):
    assert not ov_circuit_copies(smollm2["L18H6"])
