"""Attention sinks: attention, value norm, and place or token, exactly at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, head_is_attention_sink
from circuit_assert.claims.sinks import RestsOn
from circuit_assert.components import Subject
from circuit_assert.models.planted_models import (
    AttendingHead,
    attention_model,
    drawn_documents,
    graded_attention_model,
)
from circuit_assert.models.planted_models.graded_attention import PASSAGE, TOKENS
from circuit_assert.prompts.passages import middle_of

Reals = npt.NDArray[np.float64]

_DOCUMENTS = 24
_FOUND = 24.0  # of graded attention
_EVEN = float(np.mean(1.0 / (np.arange(middle_of(1 + PASSAGE) + 1, 1 + PASSAGE) + 1)))
_POPULATION = 200_000  # documents that the population's value norm is taken from
_SMALL = 0.1  # value of the beginning token, where it is not what is tested


def _share(score: Reals) -> Reals:
    """Of a score beside one of zero."""
    return 1.0 / (1.0 + np.exp(-score))


def _scores(seed: int, of: int) -> Reals:
    """A score for each attending token: below zero for most, far above it for a few."""
    return np.random.default_rng([seed, 10 + of]).gamma(0.5, 2.0, TOKENS) - 1.0


def _sizes(seed: int) -> Reals:
    """Norms of values: near one for most tokens, several times that for a few."""
    return 0.7 + np.random.default_rng([seed, 20]).gamma(0.3, 1.5, TOKENS)


def _claims(
    name: str,
    head: AttendingHead,
    by: float,
    *,
    rests_on: RestsOn = "first place",
    value_norm: float = 0.5,
) -> Iterator[Claim]:
    subject = Session().model(graded_attention_model(f"sink-{name}", (head,)))["L0H0"]
    for seed in count(1):
        on = drawn_documents(documents=_DOCUMENTS, seed=seed)
        yield head_is_attention_sink(
            subject, on=on, by=by, rests_on=rests_on, value_norm=value_norm
        )


def _resting(
    seed: int, first: Reals, *, by_place: float = 1.0, size_of_first: float = _SMALL
) -> AttendingHead:
    return AttendingHead(
        back={0: 0.0},
        first=first,
        by_place=by_place,
        size_of_first=size_of_first,
        sizes=_sizes(seed),
    )


def _attention_at_by(seed: int, *, less: float = 0.0) -> Iterator[Claim]:
    first = _scores(seed, 0)
    by = float(_share(first).mean()) - _EVEN
    return _claims(f"attention-{seed}", _resting(seed, first), by - less)


def _value_at_its_bound(seed: int) -> Iterator[Claim]:
    """The mean, over documents, of its norm over the mean norm of a document's tokens."""
    rng = np.random.default_rng([seed, 21])
    drawn = _sizes(seed)[rng.integers(TOKENS, size=(_POPULATION, PASSAGE))]
    ratio = float((_SMALL / drawn.mean(1)).mean())
    first = 2.0 + _scores(seed, 1)
    return _claims(f"value-{seed}", _resting(seed, first), 0.3, value_norm=ratio)


def _place_at_its_bound(seed: int) -> Iterator[Claim]:
    """The token in the middle gets what is left of its score: less than the first place by `by`."""
    first, by_place = 2.0 + _scores(seed, 2), 0.07
    moved = (1.0 - by_place) * (_FOUND + first) - _FOUND
    by = float((_share(first) - _share(moved)).mean())
    return _claims(f"place-{seed}", _resting(seed, first, by_place=by_place), by)


def _token_at_its_bound(seed: int) -> Iterator[Claim]:
    first, by_place = 2.0 + _scores(seed, 3), 0.07
    moved = (1.0 - by_place) * (_FOUND + first) - _FOUND
    by = float(_share(moved).mean()) - _EVEN
    head = _resting(seed, first, by_place=by_place)
    return _claims(f"token-{seed}", head, by, rests_on="beginning token")


def _attention_by_the_detectable_effect(seed: int) -> Iterator[Claim]:
    return _attention_at_by(seed, less=detectable(next(_attention_at_by(seed)), "attention"))


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(f"true-{seed}", _resting(seed, 2.0 + _scores(seed, 4)), 0.3)


def _random_heads(seed: int) -> Iterator[Claim]:
    model = Session().model(attention_model().with_random_weights(seed))
    heads: tuple[Subject, ...] = model.heads().each()
    return (
        head_is_attention_sink(head, on=drawn_documents(seed=prompts))
        for prompts, head in enumerate(heads)
    )


_NAME = "head_is_attention_sink"
CASES = (
    Case(_NAME, "attention", "at the bound", _attention_at_by),
    Case(_NAME, "value", "at the bound", _value_at_its_bound),
    Case(_NAME, "by place", "at the bound", _place_at_its_bound),
    Case(_NAME, "by token", "at the bound", _token_at_its_bound),
    Case(
        _NAME,
        "attention by the detectable effect",
        "true",
        _attention_by_the_detectable_effect,
        share=0.5,
    ),
    Case(_NAME, "clearly", "true", _clearly, share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random_heads, share=0.25),
)
