"""Families of heads: all of them at the bound, so that the best is the luckiest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from benchmarks.calibration.claim_types.heads import skewed
from circuit_assert import (
    Claim,
    Session,
    exactly_these_heads_are,
    head_attends_inductively,
    some_head_is,
)
from circuit_assert.components import Subject
from circuit_assert.models.planted_models import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded import LENGTHS
from circuit_assert.models.planted_models.induction import induction_model
from circuit_assert.prompts.repeated import RepeatedTokens

_FAMILY = 8
_BY = 0.4
_SEQUENCES = 48  # 24 in each half

Assertion = Callable[[Subject, Subject, RepeatedTokens], Claim]


def _heads(seed: int, means: list[float]) -> Subject:
    """A layer of heads whose attention is skewed over tokens, with these means."""
    rng = np.random.default_rng([seed, 5])
    drawn = [skewed(rng, mean - 0.15, mean + 0.25) for mean in means]
    heads = tuple(
        graded_head(attention - attention.mean() + mean)
        for attention, mean in zip(drawn, means, strict=True)
    )
    name = f"family-{seed}-{means[0]:g}-{means[-1]:g}"
    return Session().model(graded_induction_model(name, heads)).heads(layers=[1])


def _claims(claim: Assertion, family: Subject) -> Iterator[Claim]:
    first = family.each()[0]
    return (claim(first, family, RepeatedTokens(LENGTHS, _SEQUENCES, seed)) for seed in count(1))


def _some(first: Subject, family: Subject, on: RepeatedTokens) -> Claim:
    return some_head_is(head_attends_inductively, family, on=on, by=_BY)


def _exactly(first: Subject, family: Subject, on: RepeatedTokens) -> Claim:
    return exactly_these_heads_are(head_attends_inductively, first, family, on=on, by=_BY)


def _all_at_the_bound(seed: int) -> Iterator[Claim]:
    return _claims(_some, _heads(seed, [_BY] * _FAMILY))


def _one_clearly(seed: int) -> Iterator[Claim]:
    return _claims(_some, _heads(seed, [0.6] + [_BY] * (_FAMILY - 1)))


def _another_at_the_bound(seed: int) -> Iterator[Claim]:
    return _claims(_exactly, _heads(seed, [0.6, *[0.25] * (_FAMILY - 2), _BY]))


def _none_other(seed: int) -> Iterator[Claim]:
    return _claims(_exactly, _heads(seed, [0.6] + [0.25] * (_FAMILY - 1)))


def _of_random_weights(claim: Assertion, seed: int) -> Iterator[Claim]:
    model = Session().model(induction_model().with_random_weights(seed))
    for layer in range(3):
        family = model.heads(layers=[layer])
        yield claim(family.each()[0], family, RepeatedTokens(sequences=_SEQUENCES, seed=layer))


_SOME, _EXACTLY = "some_head_is", "exactly_these_heads_are"
CASES = (
    Case(_SOME, "all eight heads", "at the bound", _all_at_the_bound),
    Case(_EXACTLY, "one of the others", "at the bound", _another_at_the_bound),
    Case(_SOME, "one of eight, clearly", "true", _one_clearly, share=0.1),
    Case(_EXACTLY, "clearly", "true", _none_other, share=0.1),
    Case(
        _SOME,
        "random weights",
        "easy null",
        partial(_of_random_weights, _some),
        models=40,
        share=0.12,
    ),
    Case(
        _EXACTLY,
        "random weights",
        "easy null",
        partial(_of_random_weights, _exactly),
        models=40,
        share=0.12,
    ),
)
