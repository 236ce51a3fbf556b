"""Composition: pairs of heads that are like all others, that were built to meet, and decoys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, heads_compose
from circuit_assert.measurements.composition import Via
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import composing_model

_NAME = "heads_compose"
_BUILT: tuple[tuple[int, int, Via], ...] = ((0, 0, "K"), (1, 1, "Q"), (2, 2, "V"))


def _claims(planted: PlantedModel, pairs: Iterable[tuple[int, int, Via]]) -> Iterator[Claim]:
    model = Session().model(planted)
    return (
        heads_compose(model.head(0, one), model.head(1, other), via=via)
        for one, other, via in pairs
    )


def _like_all_others(seed: int) -> Iterator[Claim]:
    """Pairs of heads with random weights, in random order: one in 144 scores most of all."""
    planted = composing_model(seed=seed).with_random_weights(seed)
    heads = planted.card.heads
    order = np.random.default_rng(seed).permutation(heads * heads).tolist()
    return _claims(planted, ((place // heads, place % heads, "V") for place in order))


def _built_to(seed: int) -> Iterator[Claim]:
    return _claims(composing_model(seed=seed), _BUILT)


def _decoys(seed: int) -> Iterator[Claim]:
    """What one head writes is read by all, and what one head reads is written by four."""
    shared = [(4, head) for head in (3, 4, 6, 7, 8, 9, 10, 11)]
    pairs = shared + [(head, 5) for head in range(6, 10)]
    return _claims(composing_model(seed=seed), ((one, other, "K") for one, other in pairs))


CASES = (
    Case(_NAME, "a pair like all others", "easy null", _like_all_others),
    Case(_NAME, "clearly", "true", _built_to, models=16, share=0.24),
    Case(_NAME, "shared by many", "easy null", _decoys, share=0.4),
)
