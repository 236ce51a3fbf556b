"""Subspaces: pairs that are like rotated ones, pairs at the margin, and pairs in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, subspaces_are_disjoint, subspaces_overlap
from circuit_assert.components import Head
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.subspaces import Reads, SubspaceOverlap
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import composing_model

_OVERLAP, _DISJOINT = "subspaces_overlap", "subspaces_are_disjoint"
_BUILT: tuple[tuple[int, int, Reads], ...] = ((0, 0, "K"), (1, 1, "Q"), (2, 2, "V"))
_Pairs = Iterable[tuple[int, int, Reads]]


def _any_pairs(model: Model, seed: int) -> _Pairs:
    heads = 0 if model.card is None else model.card.heads
    order = np.random.default_rng(seed).permutation(heads * heads).tolist()
    return ((place // heads, place % heads, "V") for place in order)


def _random(seed: int) -> Model:
    return Session().model(composing_model(seed=seed).with_random_weights(seed))


def _like_rotations(seed: int) -> Iterator[Claim]:
    """Heads of random weights: what one writes is a random rotation already."""
    model = _random(seed)
    for one, other, via in _any_pairs(model, seed):
        yield subspaces_overlap(model.head(0, one), model.head(1, other), via=via)


def _at_the_margin(seed: int) -> Iterator[Claim]:
    """The margin is the excess itself: nothing is sampled, so nothing but rounding decides."""
    model = Session().model(composing_model(seed=seed))
    for one, other, via in _any_pairs(model, seed):
        requested = WeightRequest(SubspaceOverlap((Head(0, one),), Head(1, other), via, 1))
        own, chance, _ = model.measure([requested])[0]
        if own > chance + 1e-4:
            heads = model.head(0, one), model.head(1, other)
            yield subspaces_are_disjoint(*heads, via=via, within=float(own - chance))


def _built_to(seed: int) -> Iterator[Claim]:
    model = Session().model(composing_model(seed=seed))
    for one, other, via in _BUILT:
        yield subspaces_overlap(model.head(0, one), model.head(1, other), via=via)


def _apart(seed: int) -> Iterator[Claim]:
    model = _random(seed)
    for one, other, via in _any_pairs(model, seed):
        yield subspaces_are_disjoint(model.head(0, one), model.head(1, other), via=via, within=0.2)


def _one_place(seed: int) -> Iterator[Claim]:
    model = Session().model(composing_model(seed=seed))
    for one, other, via in _BUILT:
        yield subspaces_are_disjoint(model.head(0, one), model.head(1, other), via=via)


def _beside(seed: int) -> Iterator[Claim]:
    """One writes beside what the other reads."""
    model = Session().model(composing_model(seed=seed))
    yield subspaces_overlap(model["L0H3"], model["L1H0"], via="K")


CASES = (
    Case(_OVERLAP, "a pair like any rotation", "easy null", _like_rotations),
    Case(_OVERLAP, "clearly", "true", _built_to, models=16, share=0.24),
    Case(_OVERLAP, "beside each other", "easy null", _beside, models=40, share=0.2),
    Case(_DISJOINT, "the margin itself", "at the bound", _at_the_margin, share=0.2),
    Case(_DISJOINT, "clearly", "true", _apart, share=0.2),
    Case(_DISJOINT, "in one place", "easy null", _one_place, models=16, share=0.24),
)
