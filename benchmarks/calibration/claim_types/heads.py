"""Induction heads: pattern, offset, copying and use at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, head_attends_inductively, head_is_induction
from circuit_assert.claims.claim import ClaimType
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded import LENGTHS, TOKENS
from circuit_assert.models.planted_models.induction import induction_model
from circuit_assert.prompts.repeated import RepeatedTokens

Reals = npt.NDArray[np.float64]

_STRONG = 0.9  # attention where the pattern is not what is tested
_DIRECT = 4.0  # logits
_SEQUENCES = 24
_POPULATION = 200_000  # positions that a population value is taken from, where no formula gives it


def _on(seed: int) -> RepeatedTokens:
    return RepeatedTokens(LENGTHS, _SEQUENCES, seed)


def _claims(kind: ClaimType[...], planted: PlantedModel, by: float) -> Iterator[Claim]:
    head = Session().model(planted)["L1H0"]
    return (kind(head, on=_on(seed), by=by) for seed in count(1))


def skewed(rng: np.random.Generator, low: float, high: float) -> Reals:
    """A number for each token: near `low` for most, up to `high` for a few."""
    return low + (high - low) * rng.beta(0.4, 1.2, TOKENS)


def _pattern_at(kind: ClaimType[...], seed: int) -> Iterator[Claim]:
    attention = skewed(np.random.default_rng([seed, 0]), 0.1, 0.9)
    planted = graded_induction_model(f"pattern-{seed}", (graded_head(attention, direct=_DIRECT),))
    return _claims(kind, planted, float(attention.mean()))


def _head_detector_at(seed: int) -> Iterator[Claim]:
    """The share of the whole pattern: n of 1 + 2n rows have a target."""
    attention = skewed(np.random.default_rng([seed, 0]), 0.1, 0.9)
    planted = graded_induction_model(f"pattern-{seed}", (graded_head(attention, direct=_DIRECT),))
    by = float(attention.mean()) * float(np.mean([n / (1 + 2 * n) for n in LENGTHS]))
    head = Session().model(planted)["L1H0"]
    return (
        head_attends_inductively(head, on=_on(prompts), by=by, definition="head detector")
        for prompts in count(1)
    )


def _attends_as_much_one_further(seed: int) -> Iterator[Claim]:
    """The same attention on average to the token after the one that induction attends to."""
    drawn = skewed(np.random.default_rng([seed, 1]), 0.1, 0.5)
    head = graded_head(drawn, neighbour=np.full(TOKENS, drawn.mean()), direct=_DIRECT)
    planted = graded_induction_model(f"offset-{seed}", (head,))
    return _claims(head_attends_inductively, planted, 0.05)


def _copies_nothing_on_average(seed: int) -> Iterator[Claim]:
    """Its direct path raises some tokens and lowers others; what it relays makes up for that."""
    drawn = skewed(np.random.default_rng([seed, 2]), -1.0, 4.0)
    direct = drawn - drawn.mean()
    head = graded_head(_STRONG, direct=direct, relayed=_DIRECT - direct)
    planted = graded_induction_model(f"copying-{seed}", (head,))
    return _claims(head_is_induction, planted, 0.4)


def _is_of_no_use_on_average(seed: int) -> Iterator[Claim]:
    """Its direct path copies; what it relays takes away as much of the use as there is."""
    rng = np.random.default_rng([seed, 3])
    shape = skewed(rng, -1.0, 3.0)
    shift = brentq(lambda by: loss_rise(_STRONG * (shape + by), seed), -4.0, 4.0)
    relayed = shape + shift - _DIRECT
    planted = graded_induction_model(
        f"use-{seed}", (graded_head(_STRONG, direct=_DIRECT, relayed=relayed),)
    )
    return _claims(head_is_induction, planted, 0.4)


def loss_rise(logits: Reals, seed: int = 0) -> float:
    """How much mean-ablating a graded head raises the repeated-half loss, over many positions.

    At a position the head adds `logits[u]` to the next token u, which is the right one. Ablated,
    it adds the mean of what it adds at that position in the other sequences of the same length.

    Args:
        logits: `[token]`.
        seed: What the positions are drawn with; the same for all logits.
    """
    rng = np.random.default_rng(seed)
    others = _SEQUENCES // len(LENGTHS) - 1
    right, *rest = rng.integers(TOKENS, size=(1 + others, _POPULATION))
    added = np.zeros((_POPULATION, 1 + TOKENS))
    rows = np.arange(_POPULATION)
    for token in rest:
        added[rows, 1 + token] += logits[token] / others
    clean = np.log(TOKENS + np.exp(logits[right])) - logits[right]
    ablated = np.log(np.exp(added).sum(1)) - added[rows, 1 + right]
    return float((ablated - clean).mean())


def _is_one(seed: int) -> Iterator[Claim]:
    attention = skewed(np.random.default_rng([seed, 4]), 0.5, 0.95)
    planted = graded_induction_model(f"true-{seed}", (graded_head(attention, direct=_DIRECT),))
    return _claims(head_is_induction, planted, 0.4)


def _has_a_detectable_pattern(kind: ClaimType[...], seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    less = detectable(next(_pattern_at(kind, seed)), "pattern")
    attention = skewed(np.random.default_rng([seed, 0]), 0.1, 0.9)
    planted = graded_induction_model(f"pattern-{seed}", (graded_head(attention, direct=_DIRECT),))
    return _claims(kind, planted, float(attention.mean()) - less)


def _heads_of_random_weights(kind: ClaimType[...], seed: int) -> Iterator[Claim]:
    planted = induction_model().with_random_weights(seed)
    model = Session().model(planted)
    places = np.ndindex(planted.card.layers, planted.card.heads)
    return (
        kind(model.head(layer, head), on=RepeatedTokens(seed=prompts), by=0.05)
        for prompts, (layer, head) in enumerate(places)
    )


_ATTENDS, _IS = "head_attends_inductively", "head_is_induction"
CASES = (
    Case(_ATTENDS, "pattern", "at the bound", partial(_pattern_at, head_attends_inductively)),
    Case(_ATTENDS, "pattern, head detector", "at the bound", _head_detector_at),
    Case(_ATTENDS, "offset", "at the bound", _attends_as_much_one_further),
    Case(_IS, "pattern", "at the bound", partial(_pattern_at, head_is_induction)),
    Case(_IS, "copying", "at the bound", _copies_nothing_on_average),
    Case(_IS, "use", "at the bound", _is_of_no_use_on_average),
    Case(
        _ATTENDS,
        "pattern by the detectable effect",
        "true",
        partial(_has_a_detectable_pattern, head_attends_inductively),
        share=0.5,
    ),
    Case(_IS, "clearly", "true", _is_one, share=0.25),
    Case(
        _ATTENDS,
        "heads of random weights",
        "easy null",
        partial(_heads_of_random_weights, head_attends_inductively),
        share=0.5,
    ),
    Case(
        _IS,
        "heads of random weights",
        "easy null",
        partial(_heads_of_random_weights, head_is_induction),
        share=0.5,
    ),
)
