"""Detokenizing: the share that neither token brings about, exactly at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, neuron_detokenizes
from circuit_assert.claims.detokenizing import Answer
from circuit_assert.components import Neuron, Subject
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import COMPOUND, compound_documents, compound_model

_NAME = "neuron_detokenizes"
_MANY = 1200  # documents, half of which stand for all: of a claim's half there are 24


def _model(seed: int) -> Model:
    return Session().model(compound_model(gated=True, alone=0.8, seed=seed))


@lru_cache(maxsize=32)
def _population(seed: int) -> float:
    """The share over many documents, other ones for each model."""
    documents = compound_documents(documents=_MANY, seed=10**6 + seed)
    answer, measure = Answer(Neuron(1, 0), COMPOUND, documents), _model(seed).explore()
    beyond, whole = (measure(each).values.mean() for each in (replace(answer, beyond=True), answer))
    return float(beyond / whole)


def _claims(neuron: Subject, by: float) -> Iterator[Claim]:
    return (
        neuron_detokenizes(neuron, COMPOUND, on=compound_documents(seed=seed), by=by)
        for seed in count(1)
    )


def _at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_model(seed)["L1N0"], _population(seed))


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(_model(seed)["L1N0"], 0.3)


def _others(seed: int) -> Iterator[Claim]:
    model = _model(seed)
    return (next(_claims(model.neuron(1, number), 0.1)) for number in range(5, 24))


CASES = (
    Case(_NAME, "interaction", "at the bound", _at_its_bound),
    Case(_NAME, "clearly", "true", _clearly, models=4, share=0.25),
    Case(_NAME, "neurons of the layer", "easy null", _others, models=10, share=0.4),
)
