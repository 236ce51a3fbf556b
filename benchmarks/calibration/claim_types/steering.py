"""Steering: a rise that is exceeded in exactly half of the prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

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
_RISE = 0.45  # of the letters; between what one word more or less makes
_HALVINGS = 10


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


def _strength(model: Model) -> float:
    """The largest at which at most half of the prefixes exceed the rise: the claim is not true."""
    on = steering_prefixes(prompts=_POPULATION, seed=10**6)
    measure = model.explore()
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        of = Steered(Activity(Neuron(0, 0), _NATURAL), on, middle, _TOKENS)
        exceeded = measure(Rise(of, _CYRILLIC, _RISE)).values.mean()
        low, high = (middle, high) if exceeded <= 0.5 else (low, middle)
    return low


def _at_bound(seed: int) -> Iterator[Claim]:
    model = Session().model(steering_model(seed=seed))
    strength = _strength(model)
    return (_claim(model, number, _RISE, strength) for number in count(1))


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
