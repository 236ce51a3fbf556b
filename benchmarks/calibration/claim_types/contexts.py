"""Neurons of a context: F1 at its bound, and the difference of losses at its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, document_label, neuron_is_context_neuron
from circuit_assert.claims.contexts.detecting import Detection, InContext
from circuit_assert.claims.contexts.using import LossInContext
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import context_documents, context_model
from circuit_assert.models.planted_models.contexts import NORTH

_NAME = "neuron_is_context_neuron"
_NORTHERN = document_label("kind", NORTH)
_MISTAKEN = 0.15
_POPULATION = 1200
_Bound = Callable[[Model], float]


def _claims(by: _Bound, loss: _Bound, mistaken: float, random: bool, seed: int) -> Iterator[Claim]:
    planted = context_model(seed=seed)
    model = Session().model(planted.with_random_weights(seed) if random else planted)
    bounds = by(model), loss(model)
    for number in count(1):
        on = context_documents(mistaken=mistaken, seed=1000 * seed + number)
        least, nats = bounds
        yield neuron_is_context_neuron(model["L0N0"], _NORTHERN, on=on, by=least, loss=nats)


def _is(number: float) -> _Bound:
    return lambda model: number


def _population(mistaken: float) -> InContext:
    on = context_documents(documents=_POPULATION, mistaken=mistaken, seed=10**6)
    return InContext(Neuron(0, 0), _NORTHERN, on)


def _f1(model: Model) -> float:
    """With the threshold that is best for most documents."""
    right = float(model.explore()(Detection(_population(_MISTAKEN))).values.mean())
    return 2 * right / (1 + right)


def _difference(model: Model) -> float:
    found = model.explore()(LossInContext(_population(0.0)))
    return found.statistic(np.ones(len(found.clusters), bool))


CASES = (
    Case(_NAME, "F1", "at the bound", partial(_claims, _f1, _is(0.0), _MISTAKEN, False)),
    Case(_NAME, "use", "at the bound", partial(_claims, _is(0.6), _difference, 0.0, False)),
    Case(_NAME, "clearly", "true", partial(_claims, _is(0.7), _is(0.0), 0.0, False), share=0.1),
    Case(
        _NAME,
        "random weights",
        "easy null",
        partial(_claims, _is(0.5), _is(0.0), 0.0, True),
        share=0.2,
    ),
)
