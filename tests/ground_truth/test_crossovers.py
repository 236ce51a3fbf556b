"""Swaps that cross over at the same strength in two languages, and at twice it in one."""

import re

import pytest

from circuit_assert import answered_as, swap_conditions, swaps_cross_over_alike
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.language_frames import crossover
from circuit_assert.models.planted_models.languages import SITE
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

ENGLISH, FRENCH, CHINESE = (planted_antonyms(language) for language in ("en", "fr", "zh"))
TO_SYNONYMS = swap_conditions(planted_synonyms("en"), versus=ENGLISH, at=SITE)
TO_FRENCH, TO_CHINESE = (
    swap_conditions(planted_synonyms(language), versus=planted_synonyms("en"), at=SITE)
    for language in ("fr", "zh")
)
TWICE = languages_model(insistence=2.0)
NO_CROSSING = "not shown to cross over"


def alike(model, **options):
    given = {
        "on": FRENCH,
        "versus": CHINESE,
        "strengths": (0.4, 0.8, 1.2),
        "within": 0.2,
        "null": planted_unrelated(),
        "tried_on": 2,
        **options,
    }
    return swaps_cross_over_alike(model, given.pop("swap", TO_SYNONYMS), **given)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "swap": TO_FRENCH,
            "other": TO_CHINESE,
            "on": answered_as(ENGLISH, FRENCH),
            "versus": answered_as(ENGLISH, CHINESE),
        },
    ],
    ids=["operation", "language"],
)
def test_swaps_that_cross_over_alike_are_supported(model_of, options):
    evidence = alike(model_of(languages_model("shared")), **options).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


def test_a_language_that_takes_twice_the_strength_is_refuted(model_of):
    evidence = alike(model_of(TWICE)).check()
    assert evidence.verdict is Verdict.REFUTED, evidence.reason
    (note,) = (n for f in evidence.findings if f.name == "difference" for n in f.notes)
    at = [float(number) for number in re.findall(r"\d\.\d\d", note)]
    assert at == pytest.approx([crossover(), 2 * crossover()], abs=0.06)


def test_it_is_alike_within_more_than_the_difference(model_of):
    assert alike(model_of(TWICE), within=0.7).check().verdict is Verdict.SUPPORTED


def test_nothing_is_decided_where_a_language_does_not_cross_over(model_of):
    claim = alike(model_of(TWICE), strengths=(0.4, 0.8))
    evidence = claim.check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert NO_CROSSING in evidence.reason
    assert "zh" in evidence.reason


@pytest.mark.parametrize("feature", ["inert", "separate", "script", "every word"])
def test_what_is_no_swap_in_both_languages_is_not_supported(model_of, feature):
    evidence = alike(model_of(languages_model(feature))).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE


def test_nothing_is_supported_of_a_model_with_random_weights():
    model = Session().model(languages_model("shared").with_random_weights(0))
    assert alike(model).check().verdict is not Verdict.SUPPORTED
