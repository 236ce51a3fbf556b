"""Latents of a known dictionary: precision, recall, losses, rises and correlations at bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import TypeAlias

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    PromptSet,
    Script,
    Session,
    feature_is_not_a_neuron,
    feature_is_sensitive,
    feature_is_specific,
    feature_matters,
    feature_means_script,
    feature_promotes_tokens,
)
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.claims.single_features.effects import LossWithout, Promoted
from circuit_assert.claims.single_features.neurons import BestNeuron
from circuit_assert.claims.single_features.shares import THIRDS, Labelled, ShareOfPositions
from circuit_assert.components import Latent
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    feature_dictionary,
    feature_documents,
    feature_model,
)
from circuit_assert.models.planted_models.features import PROMOTED

_MakeClaim: TypeAlias = Callable[[Model, PromptSet, float], Claim]
_CYRILLIC = Script("Cyrillic")
_POPULATION = 2000
_BESIDE = 1.5


def _handle(planted: PlantedModel, seed: int) -> Model:
    return Session().model(planted).with_dictionary(feature_dictionary(seed))


def _activity(model: Model, number: int) -> Activity:
    on = feature_documents(documents=_POPULATION, seed=10**6)
    return Activity(Latent(0, number, model.dictionaries[0]), on)


def _specific(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_is_specific(model[f"L0F{number}"], _CYRILLIC, on=on, by=by)


def _sensitive(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_is_sensitive(
        model[f"L0F{number}"], _CYRILLIC, on=on, by=by
    )


def _script(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_means_script(
        model[f"L0F{number}"], "Cyrillic", on=on, by=0.8, recall=by
    )


def _matters(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_matters(model[f"L0F{number}"], on=on, by=by)


def _promotes(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_promotes_tokens(
        model[f"L0F{number}"], PROMOTED, on=on, strength=2.0, by=by
    )


def _no_neuron(number: int) -> _MakeClaim:
    return lambda model, on, by: feature_is_not_a_neuron(model[f"L0F{number}"], on=on, by=by)


def _precision(model: Model) -> float:
    """In the third where it is least."""
    of = Labelled(_activity(model, 2), _CYRILLIC)
    measure = model.explore()
    thirds = (ShareOfPositions(of, "precision", 0.5, third) for third in THIRDS)
    return min(float(measure(each).values.mean()) for each in thirds)


def _recall(model: Model) -> float:
    of = Labelled(_activity(model, 5), _CYRILLIC)
    return float(model.explore()(ShareOfPositions(of, "recall", 0.5)).values.mean())


def _loss(model: Model) -> float:
    return float(model.explore()(LossWithout(_activity(model, 0), 0.0)).values.mean())


def _rise(model: Model) -> float:
    return float(model.explore()(Promoted(_activity(model, 0), PROMOTED, 2.0)).values.mean())


def _correlation(model: Model) -> float:
    found = model.explore()(BestNeuron(_activity(model, 4)))
    return math.tanh(found.statistic(np.ones(len(found.clusters), bool)))


def _at_bound(
    make: _MakeClaim, bound: Callable[[Model], float], beside: float, seed: int
) -> Iterator[Claim]:
    model = _handle(feature_model(beside=beside, seed=seed), seed)
    by = bound(model)
    return (make(model, feature_documents(seed=number), by) for number in count(1))


def _clearly(make: _MakeClaim, by: float, seed: int) -> Iterator[Claim]:
    model = _handle(feature_model(seed=seed), seed)
    return (make(model, feature_documents(seed=number), by) for number in count(1))


def _random_weights(make: _MakeClaim, by: float, seed: int) -> Iterator[Claim]:
    model = _handle(feature_model(seed=seed).with_random_weights(seed), seed)
    return (make(model, feature_documents(seed=number), by) for number in count(1))


def _cases(
    name: str,
    what: str,
    at_bound: tuple[_MakeClaim, Callable[[Model], float]],
    true: tuple[_MakeClaim, float],
    *,
    beside: float = 0.0,
    null: tuple[str, Callable[[int], Iterator[Claim]]] | None = None,
) -> tuple[Case, ...]:
    without = null or ("random weights", partial(_random_weights, *true))
    return (
        Case(name, what, "at the bound", partial(_at_bound, *at_bound, beside)),
        Case(name, "clearly", "true", partial(_clearly, *true), share=0.1),
        Case(name, without[0], "easy null", without[1], share=0.2),
    )


CASES = (
    *_cases("feature_is_specific", "precision", (_specific(2), _precision), (_specific(0), 0.5)),
    *_cases("feature_is_sensitive", "recall", (_sensitive(5), _recall), (_sensitive(0), 0.5)),
    *_cases("feature_means_script", "recall", (_script(5), _recall), (_script(0), 0.5)),
    *_cases("feature_matters", "loss", (_matters(0), _loss), (_matters(0), 0.3)),
    *_cases("feature_promotes_tokens", "effect", (_promotes(0), _rise), (_promotes(0), 1.0)),
    *_cases(
        "feature_is_not_a_neuron",
        "correlation",
        (_no_neuron(4), _correlation),
        (_no_neuron(0), 0.6),
        beside=_BESIDE,
        null=("written by a neuron", partial(_clearly, _no_neuron(4), 0.6)),
    ),
)
