"""Toy models: how much better than linear ones, and the slope over sparsities, at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    ToyModels,
    features_are_in_superposition,
    sparsity_increases_superposition,
)
from circuit_assert.superposition.geometry import norms

_TOY = ToyModels(features=6, dimensions=2, sparsity=0.9, steps=150, tries=1)
_SPARSITIES = (0.0, 0.5, 0.7, 0.85, 0.95)
_POPULATION = 600
_EVERY = ToyModels(features=6, dimensions=2, sparsity=0.9, steps=150, tries=1, seeds=_POPULATION)


def _toys(seed: int, kind: str = "relu") -> Iterator[ToyModels]:
    for number in count(1):
        yield ToyModels(
            features=_TOY.features,
            dimensions=_TOY.dimensions,
            sparsity=_TOY.sparsity,
            kind="relu" if kind == "relu" else "linear",
            steps=_TOY.steps,
            tries=1,
            seed=10**4 * (seed + 1) + number,
        )


@lru_cache(maxsize=1)
def _gain() -> float:
    linear = _EVERY.variance * (_EVERY.features - _EVERY.dimensions)
    return float(1 - _EVERY.losses().sum(1).mean() / linear)


@lru_cache(maxsize=1)
def _slope() -> float:
    sizes = [(norms(_EVERY.at(s).trained()[0]) ** 2).sum(1).mean() for s in _SPARSITIES]
    order = np.arange(len(_SPARSITIES)) - (len(_SPARSITIES) - 1) / 2
    return float(order @ np.array(sizes) / _EVERY.dimensions / (order @ order))


def _features(toy: ToyModels, gain: float) -> Claim:
    return features_are_in_superposition(toy, by=0, gain=gain)


def _rises(toy: ToyModels, by: float) -> Claim:
    return sparsity_increases_superposition(toy, sparsities=_SPARSITIES, by=by)


def _no_better(seed: int) -> Iterator[Claim]:
    return (_features(toy, _gain()) for toy in _toys(seed))


def _better(seed: int) -> Iterator[Claim]:
    return (_features(toy, 0.1) for toy in _toys(seed))


def _linear(seed: int) -> Iterator[Claim]:
    return (_features(toy, 0.1) for toy in _toys(seed, "linear"))


def _as_steep(seed: int) -> Iterator[Claim]:
    return (_rises(toy, _slope()) for toy in _toys(seed))


def _steeper(seed: int) -> Iterator[Claim]:
    return (_rises(toy, 0.1) for toy in _toys(seed))


def _flat(seed: int) -> Iterator[Claim]:
    return (_rises(toy, 0.1) for toy in _toys(seed, "linear"))


_FEATURES, _SPARSITY = "features_are_in_superposition", "sparsity_increases_superposition"
CASES = (
    Case(_FEATURES, "beyond linear", "at the bound", _no_better),
    Case(_FEATURES, "clearly", "true", _better, share=0.1),
    Case(_FEATURES, "linear models", "easy null", _linear, share=0.2),
    Case(_SPARSITY, "slope", "at the bound", _as_steep, share=0.3),
    Case(_SPARSITY, "clearly", "true", _steeper, share=0.1),
    Case(_SPARSITY, "linear models", "easy null", _flat, share=0.1),
)
