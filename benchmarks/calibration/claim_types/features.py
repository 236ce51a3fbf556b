"""Directions over languages: separation, effect and specificity at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, feature_is_multilingual
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_operations,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.language_frames import english_separation
from circuit_assert.models.planted_models.languages import SITE

_LANGUAGE = "fr"
_ENGLISH = planted_antonyms("en"), planted_synonyms("en")
_PAIRS = planted_antonyms(_LANGUAGE), planted_synonyms(_LANGUAGE)
_OPERATIONS, _UNRELATED = planted_operations(), planted_unrelated()
_NOISY = 1.2  # templates differ so much that the conditions lie about three deviations apart
_NAME = "feature_is_multilingual"


def _claim(planted: PlantedModel, by: float = 0.0) -> Iterator[Claim]:
    """One claim: other templates and words are another model, for they are drawn with it."""
    model = Session().model(planted)
    toward, away = _ENGLISH
    yield feature_is_multilingual(
        model.direction(toward, versus=away, at=SITE),
        on=_PAIRS,
        languages=[_LANGUAGE],
        by=by,
        versus=_OPERATIONS,
        null=_UNRELATED,
    )


def _separation_at_by(noise: float, seed: int) -> Iterator[Claim]:
    by = english_separation(_LANGUAGE, noise=noise, seed=seed)
    return _claim(languages_model(noise=noise, seed=seed), by)


def _acts_both_ways(seed: int) -> Iterator[Claim]:
    """It raises the choice for some words and lowers it for others, the mean being zero."""
    return _claim(languages_model("inert", even=True, seed=seed))


def _tells_other_operations_apart(seed: int) -> Iterator[Claim]:
    """By half of its own length, which is the least that counts."""
    return _claim(languages_model(leak=0.5, seed=seed))


def _is_one(seed: int) -> Iterator[Claim]:
    return _claim(languages_model(seed=seed))


def _detectable_separation(seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    by = english_separation(_LANGUAGE, noise=_NOISY, seed=seed)
    planted = languages_model(noise=_NOISY, seed=seed)
    less = detectable(next(_claim(planted, by)), f"separation in {_LANGUAGE}")
    return _claim(planted, by - less)


def _random_weights(seed: int) -> Iterator[Claim]:
    return _claim(languages_model(seed=seed).with_random_weights(seed))


def _own_direction(seed: int) -> Iterator[Claim]:
    """Every language has a direction of its own."""
    return _claim(languages_model("separate", seed=seed))


CASES = (
    Case(_NAME, "separation", "at the bound", partial(_separation_at_by, _NOISY), models=1000),
    Case(
        _NAME,
        "separation, far apart",
        "at the bound",
        partial(_separation_at_by, 0.3),
        models=1000,
        share=0.5,
    ),
    Case(_NAME, "effect", "at the bound", _acts_both_ways, models=1000),
    Case(_NAME, "specific", "at the bound", _tells_other_operations_apart, models=1000, share=0.5),
    Case(_NAME, "clearly", "true", _is_one, models=100, share=0.1),
    Case(
        _NAME,
        "separation by the detectable effect",
        "true",
        _detectable_separation,
        models=200,
        share=0.2,
    ),
    Case(_NAME, "random weights", "easy null", _random_weights, models=100, share=0.1),
    Case(_NAME, "directions of one language", "easy null", _own_direction, models=100, share=0.1),
)
