"""Virtual weights: pairs that are like all others, that were built to meet, and decoys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, virtual_weight_is
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import virtual_weights_model

_NAME = "virtual_weight_is"


def _claims(
    planted: PlantedModel, pairs: Iterable[tuple[int, int]], *, by: float, gated: bool = False
) -> Iterator[Claim]:
    model = Session().model(planted)
    for one, other in pairs:
        earlier, later = model.neuron(0, one), model.neuron(1, other)
        yield virtual_weight_is(earlier, later, by=by, via="up" if gated else "in")


def _like_all_others(seed: int) -> Iterator[Claim]:
    """Pairs of neurons with random weights: one in a hundred is among the largest for either."""
    planted = virtual_weights_model(norm=True, seed=seed).with_random_weights(seed)
    pairs = np.random.default_rng(seed).integers(planted.card.d_mlp, size=(200, 2)).tolist()
    return _claims(planted, ((one, other) for one, other in pairs), by=0.05)


def _built_to(seed: int) -> Iterator[Claim]:
    return _claims(virtual_weights_model(norm=True, seed=seed), [(0, 0)], by=0.5)


def _shared_by_many(seed: int) -> Iterator[Claim]:
    """What one neuron writes is read by a crowd, or what one reads is written by it."""
    planted = virtual_weights_model(gated=True, norm=True, seed=seed)
    pairs = [(2, other) for other in (2, *range(100, 110))]
    pairs += [(one, 3) for one in (3, *range(100, 110))]
    return _claims(planted, pairs, by=0.5, gated=True)


CASES = (
    Case(_NAME, "a pair like all others", "easy null", _like_all_others),
    Case(_NAME, "clearly", "true", _built_to, models=16, share=0.16),
    Case(_NAME, "shared by many", "easy null", _shared_by_many, share=0.4),
)
