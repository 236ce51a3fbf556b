"""Privileged bases: the excess kurtosis at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, basis_is_privileged
from circuit_assert.components import Site
from circuit_assert.measurements import Request
from circuit_assert.measurements.kurtosis import ExcessKurtosis
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import basis_model
from circuit_assert.models.planted_models.bases import Kind
from circuit_assert.prompts.repeated import RepeatedTokens

_NAME, _AT = "basis_is_privileged", "L0.resid_pre"
_LENGTHS = (6, 8, 10)


def _on(seed: int, sequences: int = 24) -> RepeatedTokens:
    return RepeatedTokens(_LENGTHS, sequences, seed)


def _excess(model: Model) -> float:
    """Its population value, over thousands of sequences."""
    request = Request(ExcessKurtosis(Site(0, "resid_pre"), 0.01), _on(10**6, 2400))
    return float(model.measure([request])[0][:, 0].mean())


def _claims(model: Model, by: float) -> Iterator[Claim]:
    return (basis_is_privileged(model, _AT, on=_on(seed), by=by) for seed in count(1))


def _at_by(seed: int) -> Iterator[Claim]:
    model = Session().model(basis_model(seed=seed))
    return _claims(model, _excess(model))


def _by_the_detectable(seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    model = Session().model(basis_model(seed=seed))
    excess = _excess(model)
    return _claims(model, excess - detectable(next(_claims(model, excess)), "kurtosis"))


def _of_kind(kind: Kind, by: float, seed: int) -> Iterator[Claim]:
    return _claims(Session().model(basis_model(kind, seed=seed)), by)


CASES = (
    Case(_NAME, "kurtosis", "at the bound", _at_by),
    Case(_NAME, "clearly", "true", partial(_of_kind, "sparse", 0.5), share=0.2),
    Case(_NAME, "kurtosis by the detectable effect", "true", _by_the_detectable, share=0.5),
    Case(_NAME, "the same turned", "easy null", partial(_of_kind, "turned", 0.1), share=0.2),
)
