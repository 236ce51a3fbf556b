"""Privileged bases in SmolLM2 135M (Elhage, Lasenby & Olah 2023, Privileged Bases in the
Transformer Residual Stream).

MLP activations have a basis by construction. The residual stream should not, and has one: as
in the paper, its kurtosis over coordinates is above that of other bases, here without the
massive coordinates that make most of it. It is less so late: on the discovery half of the documents
the excess falls from 11 after L2 to 1.8 after L28.
"""

import pytest

from circuit_assert import basis_is_privileged, plain_text

DOCUMENTS = plain_text().half("test")


@pytest.mark.parametrize("at", ["L15.mlp_post", "L2.resid_post", "L28.resid_post"])
def test_is_privileged(smollm2, at):
    assert basis_is_privileged(smollm2, at, on=DOCUMENTS)


def test_the_residual_stream_is_so_less_at_the_end(smollm2):
    assert basis_is_privileged(smollm2, "L2.resid_post", on=DOCUMENTS, by=5.0)
    assert not basis_is_privileged(smollm2, "L28.resid_post", on=DOCUMENTS, by=5.0)
