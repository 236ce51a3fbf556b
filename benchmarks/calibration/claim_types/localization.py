"""Localization: how concentrated effects are, at the bound, with much noise and with little."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, effect_is_localized
from circuit_assert.claims.concentrations import Concentration
from circuit_assert.models.planted_models import graded_effects_model, lookup_prompts

_HEADS, _TOP = 16, 3
_NAME = "effect_is_localized"
_GINI: dict[str, Any] = {"statistic": "gini"}
_SHARE: dict[str, Any] = {"statistic": "share", "top": _TOP}


def _effects(seed: int) -> npt.NDArray[np.float64]:
    """Of a few heads large, of most small, either way."""
    rng = np.random.default_rng([seed, 9])
    return rng.lognormal(-0.5, 1.0, _HEADS) * rng.choice([-1.0, 1.0], _HEADS)


def _claims(
    options: dict[str, Any], less: float, noise: float, effects: str, seed: int
) -> Iterator[Claim]:
    drawn = _effects(seed)
    planted = graded_effects_model(f"{seed}", drawn.tolist(), noise=noise, answer=20.0, seed=seed)
    heads = Session().model(planted).heads()
    true = Concentration(options["statistic"], _TOP).of(drawn)
    more: dict[str, Any] = {**options, "effects": effects}
    for prompts in count(1):
        on = lookup_prompts(seed=prompts)
        yield effect_is_localized(heads, on=on, by=true - less, **more)


def _random(seed: int) -> Iterator[Claim]:
    planted = graded_effects_model(f"{seed}", _effects(seed).tolist(), seed=seed)
    model = Session().model(planted.with_random_weights(seed))
    for prompts, by in enumerate((0.3, 0.5)):
        yield effect_is_localized(model.heads(), on=lookup_prompts(seed=prompts), by=by)


CASES = (
    Case(_NAME, "Gini", "at the bound", partial(_claims, _GINI, 0.0, 0.2, "total"), share=0.3),
    Case(
        _NAME,
        "Gini, much noise",
        "at the bound",
        partial(_claims, _GINI, 0.0, 2.0, "direct"),
        share=0.5,
    ),
    Case(_NAME, "share", "at the bound", partial(_claims, _SHARE, 0.0, 0.2, "direct"), share=0.5),
    Case(_NAME, "clearly", "true", partial(_claims, _GINI, 0.25, 0.2, "direct"), share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random, models=20, share=0.3),
)
