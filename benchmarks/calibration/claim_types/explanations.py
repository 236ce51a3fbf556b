"""Explanations of neurons: balanced accuracy and correlation at their bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    PromptSet,
    Session,
    explanation,
    explanation_predicts_activity,
    explanation_simulates_activity,
)
from circuit_assert.claims.explaining.fits import Fit, Simulation
from circuit_assert.claims.explaining.halves import Explained
from circuit_assert.claims.quantities import MeasuredStatistic
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import explained_documents, explained_model
from circuit_assert.models.planted_models.explained import FAMILY

_SAID = explanation("w1 to w12", FAMILY)
_POPULATION = 2000
_MISSED = 0.3


def _predicts(model: Model, on: PromptSet, by: float) -> Claim:
    return explanation_predicts_activity(model["L1N0"], _SAID, on=on, by=by)


def _simulates(model: Model, on: PromptSet, by: float) -> Claim:
    return explanation_simulates_activity(model["L1N0"], _SAID, on=on, by=by)


def _population(model: Model, of: type[Fit] | type[Simulation]) -> float:
    on = explained_documents(documents=_POPULATION, seed=10**6)
    found = model.explore()(of(Explained(Neuron(1, 0), _SAID, on)))  # pyright: ignore[reportArgumentType]
    assert isinstance(found, MeasuredStatistic)
    return found.statistic(np.ones(len(found.clusters), bool))


def _accuracy(model: Model) -> float:
    return _population(model, Fit) - 0.5


def _correlation(model: Model) -> float:
    return math.tanh(_population(model, Simulation))


_Make = Callable[[Model, PromptSet, float], Claim]


def _at_bound(make: _Make, bound: Callable[[Model], float], seed: int) -> Iterator[Claim]:
    model = Session().model(explained_model(missed=_MISSED, seed=seed))
    by = bound(model)
    return (make(model, explained_documents(seed=number), by) for number in count(1))


def _clearly(make: _Make, by: float, seed: int) -> Iterator[Claim]:
    model = Session().model(explained_model(seed=seed))
    return (make(model, explained_documents(seed=number), by) for number in count(1))


def _random(make: _Make, by: float, seed: int) -> Iterator[Claim]:
    model = Session().model(explained_model(seed=seed).with_random_weights(seed))
    return (make(model, explained_documents(seed=number), by) for number in count(1))


def _cases(
    name: str, what: str, make: _Make, bound: Callable[[Model], float], by: float
) -> tuple[Case, ...]:
    return (
        Case(name, what, "at the bound", partial(_at_bound, make, bound)),
        Case(name, "clearly", "true", partial(_clearly, make, by), share=0.1),
        Case(name, "random weights", "easy null", partial(_random, make, by), share=0.2),
    )


CASES = (
    *_cases("explanation_predicts_activity", "accuracy", _predicts, _accuracy, 0.2),
    *_cases("explanation_simulates_activity", "correlation", _simulates, _correlation, 0.4),
)
