"""Feature claims on models of three languages that share a direction, or some of it, or none."""

import pytest

from circuit_assert import feature_is_multilingual
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_operations,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.languages import SITE
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = (
    Verdict.SUPPORTED,
    Verdict.REFUTED,
    Verdict.INCONCLUSIVE,
)
FEATURES = ("shared", "inert", "separate", "script")
OPERATIONS, UNRELATED = planted_operations(), planted_unrelated()
ENGLISH = planted_antonyms("en"), planted_synonyms("en")


def is_one_feature(model, *, ends=ENGLISH, languages=("fr", "zh"), **options):
    toward, away = ends
    given = {"versus": OPERATIONS, "null": UNRELATED, **options}
    return feature_is_multilingual(
        model.direction(toward, versus=away, at=SITE),
        on=(planted_antonyms, planted_synonyms),
        languages=languages,
        **given,
    )


def verdicts(evidence, start):
    return {found.verdict for found in evidence.findings if found.name.startswith(start)}


def test_a_shared_direction_is_supported(model_of):
    model = model_of(languages_model("shared"))
    chosen = [("fr", "zh"), ("fr",), ("zh",)]
    claims = [is_one_feature(model, languages=languages) for languages in chosen]

    for evidence in model.court.evaluate(claims):  # together: they share most of their runs
        assert evidence.verdict is SUPPORTED, evidence.sentence
        assert {found.verdict for found in evidence.findings} == {SUPPORTED}


def test_a_direction_that_is_found_everywhere_and_acts_nowhere_is_refuted(model_of):
    evidence = is_one_feature(model_of(languages_model("inert"))).check()
    assert evidence.verdict is REFUTED
    assert verdicts(evidence, "separation in") == {SUPPORTED}
    assert verdicts(evidence, "effect in") == {REFUTED}


def test_a_direction_of_one_language_is_refuted(model_of):
    evidence = is_one_feature(model_of(languages_model("separate"))).check()
    assert evidence.verdict is REFUTED
    assert verdicts(evidence, "separation in") == {REFUTED}


def test_a_direction_that_follows_the_script_is_shared_by_its_languages(model_of):
    evidence = is_one_feature(model_of(languages_model("script")), languages=["fr"]).check()
    assert evidence.verdict is SUPPORTED
    assert "is one feature across Latin-script languages" in evidence.sentence


@pytest.mark.parametrize("languages", [("zh",), ("fr", "zh")])
def test_a_direction_that_follows_the_script_is_not_shown_across_scripts(model_of, languages):
    evidence = is_one_feature(model_of(languages_model("script")), languages=languages).check()

    # Chinese has nothing of it: neither above zero nor below, so that its sign stays open
    assert evidence.verdict is INCONCLUSIVE
    primaries = {f.name: f.verdict for f in evidence.findings if f.role == "primary"}
    assert {n for n, verdict in primaries.items() if verdict is not SUPPORTED} == {
        "separation in zh",
        "effect in zh",
    }


def test_a_direction_that_follows_the_script_is_denied_a_distance_across_scripts(model_of):
    claim = is_one_feature(model_of(languages_model("script")), languages=["zh"], by=2.0)
    evidence = claim.check()
    assert evidence.verdict is REFUTED
    assert verdicts(evidence, "separation in") == {REFUTED}


def test_another_direction_of_the_same_model_is_not_supported(model_of):
    evidence = is_one_feature(model_of(languages_model("shared")), ends=OPERATIONS).check()
    assert evidence.verdict is not SUPPORTED


def test_the_reversed_direction_is_refuted(model_of):
    evidence = is_one_feature(model_of(languages_model("shared")), ends=ENGLISH[::-1]).check()
    assert evidence.verdict is REFUTED


def test_a_direction_that_tells_other_operations_apart_is_not_specific(model_of):
    evidence = is_one_feature(model_of(languages_model("shared")), versus=ENGLISH).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "specific" in evidence.reason


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(feature, seed):
    model = Session().model(languages_model(feature).with_random_weights(seed))
    assert is_one_feature(model).check().verdict is INCONCLUSIVE  # it does not do the task


@pytest.mark.parametrize("feature", FEATURES)
def test_the_words_of_each_language_are_one_token(feature):
    tokenizer = languages_model(feature).tokenizer
    for prompts in (planted_antonyms(), planted_synonyms(), UNRELATED, *OPERATIONS):
        assert not prompts.tokenize(tokenizer).dropped
