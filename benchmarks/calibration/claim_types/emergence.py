"""Emergence: one of four checkpoints, on either side of the change, exactly at the bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from benchmarks.calibration.claim_types.heads import skewed
from circuit_assert import Claim, Session, emerges, head_attends_inductively
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded import LENGTHS
from circuit_assert.prompts.repeated import RepeatedTokens

_BY = 0.4
_FEW, _MANY = 0.15, 0.7  # of attention, clearly below the bound and clearly above it
_SEQUENCES = 24
_AT_A_TIME = 12  # claims that share the loading of the checkpoints


def _step(seed: int, number: int, mean: float) -> PlantedModel:
    """A checkpoint whose head's attention is skewed over tokens, with this mean."""
    drawn = skewed(np.random.default_rng([seed, number, 11]), mean - 0.1, mean + 0.2)
    head = graded_head(drawn - drawn.mean() + mean)
    return graded_induction_model(f"emerging-{seed}-{mean:g}@step{number}", (head,))


def _claims(steps: Sequence[PlantedModel]) -> Iterator[Claim]:
    session = Session()
    models = [session.model(step) for step in steps]
    for first in count(1, _AT_A_TIME):
        claims = [_claim(models, seed) for seed in range(first, first + _AT_A_TIME)]
        session.prefetch(claims)
        yield from claims


def _claim(models: Sequence[Model], seed: int) -> Claim:
    on = RepeatedTokens(LENGTHS, _SEQUENCES, seed)
    return emerges(
        lambda model: head_attends_inductively(model["L1H0"], on=on, by=_BY),
        over=models,
        after=models[1].name,
        by=models[2].name,
    )


def _with_means(means: Sequence[float], seed: int) -> Iterator[Claim]:
    return _claims([_step(seed, number, mean) for number, mean in enumerate(means, start=1)])


def _of_random_weights(seed: int) -> Iterator[Claim]:
    steps = [_step(seed, number, _MANY) for number in range(1, 5)]
    return _claims([step.with_random_weights(10 * seed + n) for n, step in enumerate(steps)])


_NAME = "emerges"
CASES = (
    Case(
        _NAME,
        "the first that is so",
        "at the bound",
        partial(_with_means, (_FEW, _FEW, _BY, _MANY)),
    ),
    Case(
        _NAME,
        "the last that is not",
        "at the bound",
        partial(_with_means, (_FEW, _BY, _MANY, _MANY)),
    ),
    Case(_NAME, "clearly", "true", partial(_with_means, (_FEW, _FEW, _MANY, _MANY)), share=0.25),
    Case(_NAME, "random weights", "easy null", _of_random_weights, share=0.25),
)
