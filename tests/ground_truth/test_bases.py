"""Privileged bases: one that was planted, the same one turned, and what only looks like one."""

import pytest

from circuit_assert import Session, basis_is_privileged, repeated_tokens
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import basis_model
from circuit_assert.stats import Verdict

TOKENS = repeated_tokens()
SPARSE = basis_model()


def evidence_of(model, **arguments):
    return basis_is_privileged(model, "L0.resid_pre", on=TOKENS, **arguments).check()


def test_a_sparse_basis_is_privileged(model_of):
    assert evidence_of(model_of(SPARSE)).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("kind", ["turned", "massive", "first"])
def test_what_is_not_is_refuted(model_of, kind):
    assert evidence_of(model_of(basis_model(kind))).verdict is Verdict.REFUTED


@pytest.mark.parametrize("seed", range(3))
def test_so_is_one_of_random_weights(seed):
    model = Session().model(SPARSE.with_random_weights(seed))
    assert evidence_of(model).verdict is Verdict.REFUTED


def test_what_was_left_out_is_said(model_of):
    """One massive coordinate of 200 has a kurtosis near 200 by itself."""
    (note,) = evidence_of(model_of(basis_model("massive"))).findings[0].notes
    assert "with these coordinates +1" in note
    (note,) = evidence_of(model_of(basis_model("first"))).findings[0].notes
    assert "with these coordinates +0.0" in note or "with these coordinates -0.0" in note
    assert "with both +0.07" in note  # one of about 34 tokens has 2.98 more


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(SPARSE)
    with pytest.raises(ClaimError, match="not one vector"):
        basis_is_privileged(model, "L0.pattern", on=TOKENS)
    with pytest.raises(ClaimError, match="between 0 and 1"):
        basis_is_privileged(model, "L0.resid_pre", on=TOKENS, massive=0.0)
    with pytest.raises(ComponentError, match="no L3"):
        basis_is_privileged(model, "L3.resid_pre", on=TOKENS)
