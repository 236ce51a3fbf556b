"""Claims about languages on models that compute the same with other weights."""

import pytest

from circuit_assert import (
    features_overlap_across_languages,
    language_is_privileged,
    overlap_peaks_in_the_middle,
    swap_conditions,
    swapping_changes_answer,
    swaps_cross_over_alike,
)
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_paragraphs,
    planted_synonyms,
    planted_unrelated,
    translating_model,
)
from circuit_assert.models.planted_models.languages import SITE

LOUDER = languages_model("script", english=1.6)
INSISTING = languages_model(insistence=2.0)
TRANSLATING = translating_model(("chance", "shared", "chance"))
SWAP = swap_conditions(planted_synonyms("en"), versus=planted_antonyms("en"), at=SITE)
OPTIONS = {"on": planted_paragraphs(), "languages": ("en", "fr"), "tokens": 8}


def swaps_and_privileges(model):
    """The French answer is swapped and the Chinese is not; English is louder, French is not."""
    given = {"strengths": (0.5, 1.0), "null": planted_unrelated(), "tried_on": 2}
    on = planted_antonyms("en", "fr")
    claims = [
        swapping_changes_answer(model, SWAP, on=planted_antonyms("fr"), **given),
        swapping_changes_answer(model, SWAP, on=planted_antonyms("zh"), **given),
        language_is_privileged(model, "en", on=on, by=0.2),
        language_is_privileged(model, "fr", on=on, by=0.2),
    ]
    return model.court.evaluate(claims)


def crosses_over(model):
    """The Chinese answer takes twice the strength: alike within 0.7 of it, not within 0.2."""
    given = {"strengths": (0.4, 0.8, 1.2), "null": planted_unrelated(), "tried_on": 1}
    on, versus = (planted_antonyms(language, per_concept=4) for language in ("fr", "zh"))
    claims = [
        swaps_cross_over_alike(model, SWAP, on=on, versus=versus, within=within, **given)
        for within in (0.7, 0.2)
    ]
    return model.court.evaluate(claims)


def shared(model):
    claims = [
        features_overlap_across_languages(model, "L1.mlp_post", by=0.1, **OPTIONS),
        features_overlap_across_languages(model, "L0.mlp_post", by=0.1, **OPTIONS),
        overlap_peaks_in_the_middle(model, **OPTIONS),
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["heads permuted", "values mixed", "neurons rescaled"])
def test_swaps_keep_their_verdicts_in_other_weights(changes, stays, change):
    by = {
        "heads permuted": changes.permute_heads(0, (1, 0)),
        "values mixed": changes.mix_values(0, LOUDER.card),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(LOUDER, change, by[change], swaps_and_privileges)


@pytest.mark.parametrize("change", ["values mixed", "neurons rescaled"])
def test_crossovers_keep_their_verdicts_in_other_weights(changes, stays, change):
    by = {
        "values mixed": changes.mix_values(0, INSISTING.card),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(INSISTING, change, by[change], crosses_over)


@pytest.mark.parametrize("change", ["neurons permuted", "neurons rescaled"])
def test_overlaps_keep_their_verdicts_in_other_weights(changes, stays, change):
    by = {
        "neurons permuted": changes.permute_neurons(1, changes.shuffled(TRANSLATING.card.d_mlp)),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(TRANSLATING, change, by[change], shared)
