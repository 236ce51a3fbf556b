"""Universality: the excess correlation with another model's neuron exactly at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import count
from typing import Literal

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    RecordedActivity,
    Session,
    feature_is_universal,
    neuron_is_universal,
    recorded_activity,
)
from circuit_assert.claims.quantities import MeasuredStatistic
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.claims.universality.alignment import Other, Pair
from circuit_assert.claims.universality.correlations import ExcessCorrelation
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import universal_documents, universal_model
from circuit_assert.prompts.prompt_set import PromptSet

_POPULATION = 1000  # documents, half of which stand for all
_LIKE = 0.75
_Name = Literal["neuron_is_universal", "feature_is_universal"]
_KINDS = {"neuron_is_universal": neuron_is_universal, "feature_is_universal": feature_is_universal}


def _recorded(other: Model, on: PromptSet) -> RecordedActivity:
    return recorded_activity(other, on=on, layers=range(2))


def _models(seed: int, like: float) -> tuple[Model, Model]:
    planted = universal_model(seed=seed), universal_model(other=True, like=like, seed=seed)
    model, other = (Session().model(each) for each in planted)
    return model, other


@lru_cache(maxsize=32)
def _population(seed: int) -> float:
    """The excess over many documents, with what many documents choose."""
    model, other = _models(seed, _LIKE)
    on = universal_documents(documents=_POPULATION, seed=10**6 + seed)
    pair = Pair(Activity(Neuron(1, 0), on), Other(_recorded(other, on), on))
    found = model.explore()(ExcessCorrelation((pair,)))  # pyright: ignore[reportArgumentType]
    assert isinstance(found, MeasuredStatistic)
    return found.statistic(np.ones(len(found.clusters), bool))


def _claims(name: _Name, models: tuple[Model, Model], by: float) -> Iterator[Claim]:
    model, other = models
    for seed in count(1):
        on = universal_documents(seed=seed)
        yield _KINDS[name](model["L1N0"], [_recorded(other, on)], on=on, by=by)


def _at_its_bound(name: _Name, seed: int) -> Iterator[Claim]:
    return _claims(name, _models(seed, _LIKE), _population(seed))


def _clearly(name: _Name, seed: int) -> Iterator[Claim]:
    return _claims(name, _models(seed, 0.95), 0.3)


def _others(name: _Name, seed: int) -> Iterator[Claim]:
    model, other = _models(seed, _LIKE)
    random = Session().model(universal_model(other=True, seed=seed).with_random_weights(seed))
    on = universal_documents(seed=seed)
    across = [_recorded(other, on)], [_recorded(random, on)]
    kind = _KINDS[name]
    return (
        kind(model.neuron(1, number), recorded, on=on)
        for number in range(5, 25)
        for recorded in across
    )


def _cases(name: _Name, share: float) -> tuple[Case, ...]:
    return (
        Case(name, "excess", "at the bound", partial(_at_its_bound, name), share=share),
        Case(name, "clearly", "true", partial(_clearly, name), models=4, share=share / 4),
        Case(name, "other neurons", "easy null", partial(_others, name), models=5, share=share),
    )


CASES = (*_cases("neuron_is_universal", 1.0), *_cases("feature_is_universal", 0.1))
