"""Direct effects at their bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, direct_effect_is
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_model, lookup_prompts

_EFFECT = 2.0  # logits


def _planted(seed: int) -> PlantedModel:
    """A model whose effects differ between cues, a few being large, and between templates."""
    return lookup_model(effect=_EFFECT, spread=0.8, skewed=True, seed=seed)


def _written(by: float | None, within: float | None, seed: int) -> Iterator[Claim]:
    head = Session().model(_planted(seed))["L1H0"]
    for prompts in count(1):
        yield direct_effect_is(head, on=lookup_prompts(seed=prompts), by=by, within=within)


def _random_heads(seed: int) -> Iterator[Claim]:
    planted = _planted(seed).with_random_weights(seed)
    model = Session().model(planted)
    for prompts, place in enumerate(np.ndindex(planted.card.layers, planted.card.heads)):
        yield direct_effect_is(model.head(*place), on=lookup_prompts(seed=prompts), by=0.05)


_NAME = "direct_effect_is"
CASES = (
    Case(_NAME, "effect", "at the bound", partial(_written, _EFFECT, None), share=0.5),
    Case(_NAME, "equivalence", "at the bound", partial(_written, None, _EFFECT), share=0.5),
    Case(_NAME, "clearly", "true", partial(_written, 0.8, None), share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random_heads, models=20, share=0.3),
)
