"""Privileged bases in Gemma 3 270M (Elhage, Lasenby & Olah 2023, Privileged Bases in the
Transformer Residual Stream).

MLP activations have a basis by construction. The residual stream should not, and has one: as
in the paper, its kurtosis over coordinates is above that of other bases, here without the
massive coordinates that make most of it. It is less so late: on the discovery half of the documents
the excess falls from 42 after L2 to 2.5 after L16.
"""

import pytest

from circuit_assert import basis_is_privileged, plain_text

DOCUMENTS = plain_text().half("test")


@pytest.mark.parametrize("at", ["L9.mlp_post", "L2.resid_post", "L16.resid_post"])
def test_is_privileged(gemma, at):
    assert basis_is_privileged(gemma, at, on=DOCUMENTS)


def test_the_residual_stream_is_so_less_at_the_end(gemma):
    assert basis_is_privileged(gemma, "L2.resid_post", on=DOCUMENTS, by=5.0)
    assert not basis_is_privileged(gemma, "L16.resid_post", on=DOCUMENTS, by=5.0)
