"""What templates of three planted languages ask for, and what follows from it by arithmetic."""

from __future__ import annotations

from typing import Literal

import numpy as np

from circuit_assert.models.planted_models.blueprint import Matrix
from circuit_assert.models.planted_models.language_words import (
    LANGUAGES,
    OPERATIONS,
    OTHERS,
    all_words,
)

Feature = Literal["shared", "inert", "separate", "script", "every word"]

CONTEXT = 24
"""Coordinates that templates differ in, whatever they ask for."""

FRAME = 1 + len(LANGUAGES) + CONTEXT
"""The operation for all, for each language, the context."""

GAINS = 1.2, 1.8
"""Of the neurons that answer."""

SIGNS: dict[str, float] = {"antonym": 1.0, "synonym": -1.0}
NOISE, SEED = 0.3, 7
_LATIN = ("en", "fr")


def english_separation(
    language: str, feature: Feature = "shared", *, noise: float = NOISE, seed: int = SEED
) -> float:
    """How far apart the English direction puts a language's antonym and synonym templates.

    In standard deviations of either, over all templates that might have been drawn.

    Args:
        language: One of the three.
        feature: As of `languages_model`; likewise the others.
        noise: By default that of the models.
        seed: By default that of the models.
    """
    direction = english_direction(frames_of(feature, noise, np.random.default_rng(seed)))
    written = written_for(feature, LANGUAGES.index(language))
    spread = np.full(FRAME, noise)
    spread[: len(written)] *= 0.5
    apart = 2 * float(direction[: len(written)] @ written)
    return apart / float(np.linalg.norm(direction * spread))


def swapped_margin(strength: float, *, seed: int = SEED) -> float:
    """The logit of the synonym minus that of the antonym once English synonyms are swapped in.

    On French or Chinese prompts for antonyms of the "shared" model, over all words and templates
    that might have been drawn: neurons for the two read what is asked with opposite signs.

    Args:
        strength: How many times the difference of English synonyms' and antonyms' means is added.
        seed: By default that of the models.
    """
    asked = (
        1 - strength * english_direction(frames_of("shared", NOISE, np.random.default_rng(seed)))[0]
    )
    return -2 * (GAINS[0] + GAINS[1]) / 2 * float(asked)


def crossover(*, seed: int = SEED) -> float:
    """The strength at which that margin is zero; of Chinese, times the insistence.

    Args:
        seed: By default that of the models.
    """
    direction = english_direction(frames_of("shared", NOISE, np.random.default_rng(seed)))
    return 1 / float(direction[0])


def written_for(feature: Feature, language: int) -> Matrix:
    """Where templates that ask for antonyms lie, in coordinates for all and for each language."""
    written = np.zeros(1 + len(LANGUAGES))
    if feature == "script":
        written[of_script(language)] = 1.0
        return written
    written[0] = feature != "separate"
    written[1 + language] = feature not in ("shared", "every word")
    if feature == "separate" and language > 0:
        written[1] = -0.5
    return written


def of_script(language: int) -> int:
    """The coordinate of a language whose direction goes with its script."""
    return 0 if LANGUAGES[language] in _LATIN else 1 + language


def asking() -> list[bool]:
    """Which tokens ask for something."""
    return [False, *(token.kind.startswith("ask") for token in all_words())]


def frames_of(
    feature: Feature, noise: float, generator: np.random.Generator, insistence: float = 1.0
) -> Matrix:
    """What templates ask for: a coordinate for all languages, one for each, and their context."""
    frames = np.zeros((1 + len(all_words()), FRAME))
    for number in np.flatnonzero(asking()):
        token = all_words()[number - 1]
        differing = NOISE if token.language == "en" else noise
        frames[number] = differing * generator.standard_normal(FRAME)
        if feature == "script" and token.language in _LATIN:
            frames[number, 1 + LANGUAGES.index("zh")] = 0.0  # or English would find some of it
        asked = frames[number, : 1 + len(LANGUAGES)]
        sign = SIGNS.get(token.kind.removeprefix("ask "))
        if sign is not None:
            asked *= 0.5
            as_much = insistence if token.language == "zh" else 1.0
            asked += sign * as_much * written_for(feature, LANGUAGES.index(token.language))
    return frames


def _of_kind(kind: str, language: str) -> list[int]:
    return [n for n, t in enumerate(all_words(), 1) if (t.kind, t.language) == (kind, language)]


def english_direction(frames: Matrix) -> Matrix:
    """From templates that ask for synonyms to those for antonyms: `[frame]`, its length kept."""
    toward, away = (frames[_of_kind(f"ask {operation}", "en")] for operation in OPERATIONS)
    return toward.mean(0) - away.mean(0)


def clear_other_languages(frames: Matrix) -> None:
    """English templates do not happen to say anything in the coordinates of other languages."""
    for operation in OPERATIONS:
        frames[_of_kind(f"ask {operation}", "en"), 2 : 1 + len(LANGUAGES)] = 0.0


def set_apart_others(frames: Matrix, leak: float) -> None:
    """The English direction puts the two other operations apart by a share of its length."""
    for name, side in zip(OTHERS, (0.5, -0.5), strict=True):
        frames[_of_kind(f"ask {name}", "en")] += side * leak * english_direction(frames)
