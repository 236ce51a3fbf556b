"""Retokenizing: the difference of differences exactly at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, neuron_retokenizes
from circuit_assert.claims.retokenizing import HarmWithinWords
from circuit_assert.components import Neuron, Subject
from circuit_assert.interventions import Ablation
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import spelling_documents, spelling_model

_NAME = "neuron_retokenizes"
_MANY = 1200  # documents that stand for all: a claim has 40


def _model(seed: int) -> Model:
    return Session().model(spelling_model(seed=seed))


@lru_cache(maxsize=32)
def _population(seed: int) -> float:
    """What L1N0 does over many documents, other ones for each model."""
    documents = spelling_documents(documents=_MANY, seed=10**6 + seed)
    harm = HarmWithinWords(documents, Ablation((Neuron(1, 0),)))
    return float(_model(seed).explore()(harm).values.mean())


def _claims(neuron: Subject, by: float) -> Iterator[Claim]:
    return (neuron_retokenizes(neuron, on=spelling_documents(seed=s), by=by) for s in count(1))


def _at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_model(seed)["L1N0"], _population(seed))


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(_model(seed)["L1N0"], 0.1)


def _others(seed: int) -> Iterator[Claim]:
    model = _model(seed)
    return (next(_claims(model.neuron(1, number), 0.01)) for number in range(4, 32))


CASES = (
    Case(_NAME, "difference", "at the bound", _at_its_bound),
    Case(_NAME, "clearly", "true", _clearly, models=4, share=0.25),
    Case(_NAME, "neurons of the layer", "easy null", _others, models=10, share=0.4),
)
