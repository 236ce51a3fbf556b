"""Entropy and token-frequency neurons: what they change, exactly at the bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    Session,
    neuron_is_entropy_neuron,
    neuron_is_token_frequency_neuron,
)
from circuit_assert.claims.confidence.held import PLACES, Held
from circuit_assert.components import Neuron, Subject
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import Request
from circuit_assert.measurements.distributions import Entropy, UnigramDivergence
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import confidence_documents, confidence_model
from circuit_assert.models.planted_models.confidence import word_shares
from circuit_assert.models.planted_models.documents import in_documents

_ENTROPY, _FREQUENCY = "neuron_is_entropy_neuron", "neuron_is_token_frequency_neuron"
_MANY = 1600  # documents, half of which tell the levels
_COUNTED = confidence_documents(documents=200, seed=10**6)


def _model(seed: int) -> Model:
    return Session().model(confidence_model(gated=True, seed=seed))


@lru_cache(maxsize=32)
def _population(kind: str, seed: int) -> float:
    """What L1N0 changes of the entropy, or L1N5 of the divergence: over all words, as often said.

    What the model says depends on the last word alone. The levels are those of many documents.
    """
    model = _model(seed)
    held = Held(Neuron(1, 0 if kind == _ENTROPY else 5), confidence_documents(documents=_MANY))
    (activations,) = model.measure([held.activations])
    away = activations[:, 1:, 0] - activations[:, 1:, 0].mean()
    side = np.sign((away**3).mean())
    top = np.sort(side * away, axis=None)[-round(0.05 * away.size) :].mean()
    levels = away.mean() + activations[:, 1:, 0].mean() + np.array([0.0, side * top])
    metric = Entropy(PLACES) if kind == _ENTROPY else UnigramDivergence(PLACES, _COUNTED)
    shares = word_shares()
    words = in_documents("each word", (f"w{n + 1} w1" for n in range(len(shares))))
    where = np.array([(unit, place) for unit in range(len(shares)) for place in (1, 2)])
    low, high = model.measure(
        [
            Request(
                metric,
                words,
                under=ReplaceAtPositions(
                    (held.neuron,), where, np.full((len(where), 1), level), f"to {level!r}"
                ),
            )
            for level in levels
        ]
    )
    return abs(float(np.nansum(shares[:, None] * (high - low))))


def _claims(kind: str, neuron: Subject, by: float) -> Iterator[Claim]:
    for seed in count(1):
        on = confidence_documents(seed=seed)
        if kind == _ENTROPY:
            yield neuron_is_entropy_neuron(neuron, on=on, by=by)
        else:
            yield neuron_is_token_frequency_neuron(neuron, on=on, by=by, counted=_COUNTED)


def _entropy_at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_ENTROPY, _model(seed)["L1N0"], _population(_ENTROPY, seed))


def _frequency_at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_FREQUENCY, _model(seed)["L1N5"], _population(_FREQUENCY, seed))


def _entropy(seed: int) -> Iterator[Claim]:
    return _claims(_ENTROPY, _model(seed)["L1N0"], 0.1)


def _frequency(seed: int) -> Iterator[Claim]:
    return _claims(_FREQUENCY, _model(seed)["L1N5"], 0.1)


def _others(kind: str, seed: int) -> Iterator[Claim]:
    model = _model(seed)
    return (next(_claims(kind, model.neuron(1, number), 0.01)) for number in range(8, 108))


def _others_of_entropy(seed: int) -> Iterator[Claim]:
    return _others(_ENTROPY, seed)


def _others_of_frequency(seed: int) -> Iterator[Claim]:
    return _others(_FREQUENCY, seed)


CASES = (
    Case(_ENTROPY, "entropy", "at the bound", _entropy_at_its_bound),
    Case(_ENTROPY, "clearly", "true", _entropy, models=4, share=0.25),
    Case(_ENTROPY, "neurons of the layer", "easy null", _others_of_entropy, models=4, share=0.4),
    Case(_FREQUENCY, "divergence", "at the bound", _frequency_at_its_bound),
    Case(_FREQUENCY, "clearly", "true", _frequency, models=4, share=0.25),
    Case(
        _FREQUENCY, "neurons of the layer", "easy null", _others_of_frequency, models=4, share=0.4
    ),
)
