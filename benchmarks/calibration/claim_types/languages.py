"""Swaps, overlaps and privileged languages: false at their bounds, true, nothing planted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    PromptSet,
    Session,
    features_overlap_across_languages,
    language_is_privileged,
    overlap_peaks_in_the_middle,
    swap_conditions,
    swapping_changes_answer,
    swaps_cross_over_alike,
)
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_paragraphs,
    planted_synonyms,
    planted_unrelated,
    translating_model,
)
from circuit_assert.models.planted_models.language_frames import crossover, swapped_margin
from circuit_assert.models.planted_models.languages import SITE

_UNRELATED = planted_unrelated()
_TO_SYNONYMS = swap_conditions(planted_synonyms("en"), versus=planted_antonyms("en"), at=SITE)
_FRENCH, _TWO = planted_antonyms("fr"), planted_antonyms("en", "fr")
_CHINESE = planted_antonyms("zh")
_SWAP, _OVERLAP = "swapping_changes_answer", "features_overlap_across_languages"
_LITTLE = 0.02  # what words and translations may share in weights drawn at random
_ALIKE = "swaps_cross_over_alike"
_PEAKS, _PRIVILEGED = "overlap_peaks_in_the_middle", "language_is_privileged"


def _swap(planted: PlantedModel, by: float = 0.0) -> Iterator[Claim]:
    """One claim a model: words and templates are drawn with it."""
    yield swapping_changes_answer(
        Session().model(planted),
        _TO_SYNONYMS,
        on=_FRENCH,
        strengths=(0.5, 1.0),
        by=by,
        null=_UNRELATED,
        tried_on=4,
    )


def _swaps_by(seed: int) -> Iterator[Claim]:
    """By the margin that it has over all words and templates."""
    return _swap(languages_model(seed=seed), swapped_margin(1.0, seed=seed))


def _clearly_swaps(seed: int) -> Iterator[Claim]:
    return _swap(languages_model(seed=seed))


def _random_swap(seed: int) -> Iterator[Claim]:
    return _swap(languages_model(seed=seed).with_random_weights(seed))


def _alike(planted: PlantedModel, within: float) -> Iterator[Claim]:
    yield swaps_cross_over_alike(
        Session().model(planted),
        _TO_SYNONYMS,
        on=_FRENCH,
        versus=_CHINESE,
        strengths=(0.4, 0.8, 1.2),
        within=within,
        null=_UNRELATED,
        tried_on=2,
    )


def _crosses_alike(insistence: float, seed: int) -> Iterator[Claim]:
    """Within what twice the strength differs by over all templates that might have been drawn."""
    return _alike(languages_model(insistence=insistence, seed=seed), crossover(seed=seed))


def _random_alike(seed: int) -> Iterator[Claim]:
    return _alike(languages_model(seed=seed).with_random_weights(seed), 0.5)


def _overlap(
    planted: PlantedModel, translated: bool, seed: int, by: float = 0.0
) -> Iterator[Claim]:
    """Claims on one model, each on paragraphs of its own."""
    model = Session().model(planted)
    for draw in range(10_000):
        on = planted_paragraphs(translated=translated, seed=10_000 * seed + draw)
        yield features_overlap_across_languages(
            model, "L0.mlp_post", on=on, languages=("en", "fr"), by=by, tokens=8
        )


def _peak(planted: PlantedModel, translated: bool, seed: int, by: float = 0.0) -> Iterator[Claim]:
    model = Session().model(planted)
    for draw in range(10_000):
        on = planted_paragraphs(translated=translated, seed=10_000 * seed + draw)
        yield overlap_peaks_in_the_middle(model, on=on, languages=("en", "fr"), by=by, tokens=8)


def _overlap_of(kind: str, translated: bool, seed: int) -> Iterator[Claim]:
    layers = ("shared",) if kind == "shared" else ("chance",)
    return _overlap(translating_model(layers, seed=seed), translated, seed)


def _overlap_of_random(seed: int) -> Iterator[Claim]:
    return _overlap(translating_model(seed=seed).with_random_weights(seed), True, seed, _LITTLE)


def _peak_of(translated: bool, seed: int) -> Iterator[Claim]:
    return _peak(translating_model(("chance", "shared", "own"), seed=seed), translated, seed)


def _peak_of_random(seed: int) -> Iterator[Claim]:
    layers = translating_model(("chance", "shared", "own"), seed=seed)
    return _peak(layers.with_random_weights(seed), True, seed, _LITTLE)


def _privileged(planted: PlantedModel, on: PromptSet = _TWO, by: float = 0.0) -> Iterator[Claim]:
    yield language_is_privileged(Session().model(planted), "en", on=on, by=by)


def _louder(english: float, seed: int) -> Iterator[Claim]:
    return _privileged(languages_model(english=english, seed=seed))


def _random_privileged(seed: int) -> Iterator[Claim]:
    return _privileged(languages_model(english=2.0, seed=seed).with_random_weights(seed))


CASES = (
    Case(_SWAP, "margin", "at the bound", _swaps_by, models=1000, share=0.2),
    Case(_SWAP, "clearly", "true", _clearly_swaps, models=100, share=0.1),
    Case(_SWAP, "random weights", "easy null", _random_swap, models=100, share=0.1),
    Case(_ALIKE, "twice it", "at the bound", partial(_crosses_alike, 2.0), models=1000, share=0.2),
    Case(_ALIKE, "as much", "true", partial(_crosses_alike, 1.0), models=100, share=0.1),
    Case(_ALIKE, "random weights", "easy null", _random_alike, models=100, share=0.1),
    Case(_OVERLAP, "overlap", "at the bound", partial(_overlap_of, "chance", False)),
    Case(_OVERLAP, "shared", "true", partial(_overlap_of, "shared", True), share=0.2),
    Case(_OVERLAP, "random weights", "easy null", _overlap_of_random, models=40, share=0.2),
    Case(_PEAKS, "contrast of layers", "at the bound", partial(_peak_of, False), share=0.5),
    Case(_PEAKS, "shared in the middle", "true", partial(_peak_of, True), share=0.2),
    Case(_PEAKS, "random weights", "easy null", _peak_of_random, models=40, share=0.2),
    Case(_PRIVILEGED, "as loud", "at the bound", partial(_louder, 1.0), models=1000, share=0.5),
    Case(_PRIVILEGED, "twice as loud", "true", partial(_louder, 2.0), models=100, share=0.1),
    Case(_PRIVILEGED, "random weights", "easy null", _random_privileged, models=100, share=0.1),
)
