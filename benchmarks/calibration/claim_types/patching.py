"""Patching, and ablation that leaves the answer as it is, at their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    Session,
    ablation_preserves_logit,
    patching_breaks_logit,
    patching_restores_logit,
)
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_model, lookup_prompts

_EFFECT, _BACKUP = 2.0, 2.0  # logits

Patching = Callable[..., Claim]


def _planted(seed: int) -> PlantedModel:
    """A model whose effects differ between cues, a few being large, and between templates."""
    return lookup_model(effect=_EFFECT, spread=0.8, backup=_BACKUP, skewed=True, seed=seed)


def _patched(
    patching: Patching, by: float, share: float | None, heads: object, seed: int
) -> Iterator[Claim]:
    subject = Session().model(_planted(seed))[heads]  # pyright: ignore
    for prompts in count(1):
        yield patching(subject, on=lookup_prompts(seed=prompts), by=by, share=share)


def _preserved(within: float, seed: int) -> Iterator[Claim]:
    head = Session().model(_planted(seed))["L1H0"]
    for prompts in count(1):
        yield ablation_preserves_logit(head, on=lookup_prompts(seed=prompts), within=within)


def _random_heads(make: Callable[..., Claim], seed: int) -> Iterator[Claim]:
    planted = _planted(seed).with_random_weights(seed)
    model = Session().model(planted)
    for prompts, place in enumerate(np.ndindex(planted.card.layers, planted.card.heads)):
        yield make(model.head(*place), on=lookup_prompts(seed=prompts))


def _cases(name: str, patching: Patching) -> tuple[Case, ...]:
    at_bound = partial(_patched, patching, _EFFECT, None, "L1H0")
    at_share = partial(_patched, patching, 0.5, _EFFECT / (_EFFECT + _BACKUP), "L1H0")
    clear = partial(_patched, patching, 0.8, 0.2, "L1H0")
    random = partial(_random_heads, partial(patching, by=0.05))
    return (
        Case(name, "change", "at the bound", at_bound, share=0.5),
        Case(name, "share of what the corruption takes", "at the bound", at_share, share=0.5),
        Case(name, "clearly", "true", clear, share=0.25),
        Case(name, "heads of random weights", "easy null", random, models=20, share=0.3),
    )


_PRESERVES = "ablation_preserves_logit"
CASES = (
    *_cases("patching_restores_logit", patching_restores_logit),
    *_cases("patching_breaks_logit", patching_breaks_logit),
    Case(_PRESERVES, "change", "at the bound", partial(_preserved, _EFFECT), share=0.5),
    Case(_PRESERVES, "clearly", "true", partial(_preserved, 3.8), share=0.25),
    Case(_PRESERVES, "a head that moves it", "easy null", partial(_preserved, 0.5), share=0.25),
)
