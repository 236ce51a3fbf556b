"""Claims that are mistaken on purpose, so that the example shows what that looks like.

Olsson et al. 2022, arXiv:2209.11895. `pytest benchmarks/screenshots` fails, as it should.
"""

import pytest
from pytest_circuit_assert import model_fixture

from circuit_assert import head_attends_inductively, head_is_induction
from circuit_assert.models.model import Model

smollm = model_fixture("smollm2-135m-instruct")
gpt2 = model_fixture("gpt2")


def test_a_head_that_looks_elsewhere(smollm: Model):
    """It copies, but attends elsewhere."""
    assert head_is_induction(smollm["L29H1"])


def test_denied_what_is_so(smollm: Model):
    """The model's strongest induction head."""
    assert not head_attends_inductively(smollm["L18H6"])


@pytest.mark.needs_hub("gpt2")
def test_a_model_that_is_not_here(gpt2: Model):
    """Where the hub's cache lacks it."""
    assert head_is_induction(gpt2["L5H5"])
