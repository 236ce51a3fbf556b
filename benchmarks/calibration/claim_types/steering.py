"""Steering: a rise that is exceeded in exactly half of the prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, ScriptShare, Session, steering_makes_output
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.claims.steering.shares import Rise
from circuit_assert.claims.steering.steered import Steered
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    steering_documents,
    steering_model,
    steering_prefixes,
)

_CYRILLIC, _GREEK = ScriptShare("Cyrillic"), ScriptShare("Greek")
_NATURAL = steering_documents()
_POPULATION = 1500
_TOKENS = 12
_STEP = 1 / _TOKENS
_STRENGTH = 0.35  # where some prefixes change their script late


def _claim(model: Model, number: int, by: float, strength: float) -> Claim:
    on = steering_prefixes(seed=number)
    return steering_makes_output(
        model["L0N0"],
        _CYRILLIC,
        on=on,
        by=by,
        versus=_GREEK,
        natural=_NATURAL,
        strength=strength,
        tokens=_TOKENS,
    )


def _median(model: Model) -> float:
    """The largest rise that at most half of the prefixes exceed: the claim is just not true."""
    on = steering_prefixes(prompts=_POPULATION, seed=10**6)
    of = Steered(Activity(Neuron(0, 0), _NATURAL), on, _STRENGTH, _TOKENS)
    measure = model.explore()
    shares = [measure(Rise(of, _CYRILLIC, k * _STEP - _STEP / 2)).values.mean() for k in range(13)]
    exceeded = [k for k, share in enumerate(shares) if share > 0.5]
    return float(np.clip((max(exceeded, default=0) + 0.5) * _STEP, 0, 0.95))


def _at_bound(seed: int) -> Iterator[Claim]:
    model = Session().model(steering_model(seed=seed))
    by = _median(model)
    return (_claim(model, number, by, _STRENGTH) for number in count(1))


def _clearly(planted: PlantedModel, seed: int) -> Iterator[Claim]:
    model = Session().model(planted)
    return (_claim(model, number, 0.3, 1.0) for number in count(1))


def _true(seed: int) -> Iterator[Claim]:
    return _clearly(steering_model(seed=seed), seed)


def _random(seed: int) -> Iterator[Claim]:
    return _clearly(steering_model(seed=seed).with_random_weights(seed), seed)


CASES = (
    Case("steering_makes_output", "rise", "at the bound", partial(_at_bound)),
    Case("steering_makes_output", "clearly", "true", partial(_true), share=0.1),
    Case("steering_makes_output", "random weights", "easy null", partial(_random), share=0.2),
)
