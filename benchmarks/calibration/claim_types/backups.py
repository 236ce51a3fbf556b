"""Backups: the interaction, and what they still drop, exactly at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, heads_back_up
from circuit_assert.components import Subject
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_model, lookup_prompts

_BACKUP = 2.0  # logits: the interaction of L1H2 and L1H3, on average


def _planted(seed: int) -> PlantedModel:
    """What is at stake differs between cues: much for a few."""
    return lookup_model(effect=2.0, backup=_BACKUP, skewed=True, seed=seed)


def _claims(heads: Subject, backups: Subject, by: float) -> Iterator[Claim]:
    return (heads_back_up(heads, backups, on=lookup_prompts(seed=seed), by=by) for seed in count(1))


def _of(seed: int) -> Model:
    return Session().model(_planted(seed))


def _interaction_at_by(seed: int, *, less: float = 0.0) -> Iterator[Claim]:
    """The further drop is larger: L1H0, which always matters, is one of the backups."""
    model = _of(seed)
    return _claims(model["L1H2"], model["L1H0", "L1H3"], _BACKUP - less)


def _both_at_by(seed: int) -> Iterator[Claim]:
    """Neither alone matters: the interaction is all that there is to drop."""
    model = _of(seed)
    return _claims(model["L1H2"], model["L1H3"], _BACKUP)


def _interaction_by_the_detectable_effect(seed: int) -> Iterator[Claim]:
    less = detectable(next(_interaction_at_by(seed)), "interaction")
    return _interaction_at_by(seed, less=less)


def _clearly(seed: int) -> Iterator[Claim]:
    model = _of(seed)
    return _claims(model["L1H2"], model["L1H3"], 0.8)


def _pairs_of(model: Model, seed: int) -> Iterator[Claim]:
    """Each head of the second layer but the pair, with its neighbour."""
    heads = [f"L1H{n}" for n in (0, 1, 4, 5, 6, 7)]
    for prompts, (one, other) in enumerate(zip(heads, [*heads[1:], heads[0]], strict=True)):
        on = lookup_prompts(seed=prompts + 10 * seed)
        yield heads_back_up(model[one], model[other], on=on, by=0.05)


def _beside_the_pair(seed: int) -> Iterator[Claim]:
    return _pairs_of(_of(seed), seed)


def _of_random_weights(seed: int) -> Iterator[Claim]:
    return _pairs_of(Session().model(_planted(seed).with_random_weights(seed)), seed)


_NAME = "heads_back_up"
CASES = (
    Case(_NAME, "interaction", "at the bound", _interaction_at_by),
    Case(_NAME, "interaction and what is left", "at the bound", _both_at_by),
    Case(
        _NAME,
        "interaction by the detectable effect",
        "true",
        _interaction_by_the_detectable_effect,
        share=0.3,
    ),
    Case(_NAME, "clearly", "true", _clearly, share=0.25),
    Case(_NAME, "heads beside the pair", "easy null", _beside_the_pair, models=20, share=0.3),
    Case(_NAME, "heads of random weights", "easy null", _of_random_weights, models=20, share=0.3),
)
