"""Swaps on models of three languages: of what is asked for, of the word, and of the language."""

from dataclasses import replace

import pytest

from circuit_assert import (
    answered_as,
    both_ways,
    by_language,
    dose_response,
    other_operands,
    swap_conditions,
    swap_operands,
    swapping_changes_answer,
)
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.languages import SITE
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

UNRELATED = planted_unrelated()
TO_SYNONYMS = swap_conditions(planted_synonyms("en"), versus=planted_antonyms("en"), at=SITE)
TO_FRENCH = swap_conditions(planted_synonyms("fr"), versus=planted_synonyms("en"), at=SITE)
OTHER_WORDS = swap_operands(planted_antonyms("en"), at="L0.resid_pre")
FRENCH, CHINESE = planted_antonyms("fr"), planted_antonyms("zh")
ENGLISH_TO_FRENCH = answered_as(planted_antonyms("en"), FRENCH)


def swapping(model, swap, on, **options):
    given = {"strengths": (0.5, 1.0), "null": UNRELATED, "tried_on": 4, **options}
    return swapping_changes_answer(model, swap, on=on, **given)


@pytest.mark.parametrize(
    ("swap", "on"),
    [
        (TO_SYNONYMS, planted_antonyms("fr", "zh")),
        (TO_FRENCH, ENGLISH_TO_FRENCH),
        (OTHER_WORDS, other_operands(planted_antonyms("fr", "zh"), paired=False)),
        (TO_SYNONYMS, both_ways(FRENCH, planted_synonyms("fr"))),
    ],
    ids=["operation", "language", "operand", "both ways"],
)
def test_a_swap_of_what_all_languages_share_is_supported(model_of, swap, on):
    evidence = swapping(model_of(languages_model("shared")), swap, on).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason
    crossed = [note for f in evidence.findings for note in f.notes if "as likely" in note]
    assert crossed
    assert all(0.4 < float(note.split(" at ")[1].split()[0]) < 0.6 for note in crossed)


@pytest.mark.parametrize("feature", ["inert", "separate"])
def test_what_other_languages_do_not_read_swaps_nothing_there(model_of, feature):
    evidence = swapping(model_of(languages_model(feature)), TO_SYNONYMS, FRENCH).check()
    assert evidence.verdict is Verdict.REFUTED


def test_what_follows_the_script_swaps_only_its_languages(model_of):
    model = model_of(languages_model("script"))
    claims = {
        "fr": swapping(model, TO_SYNONYMS, FRENCH),
        "zh": swapping(model, TO_SYNONYMS, CHINESE),
    }
    table = by_language(claims)
    assert table["verdict"].tolist() == ["supported", "refuted"]
    assert (table["p, Holm"] >= table["p"]).all()
    assert table["p, Holm"][0] == pytest.approx(min(1.0, 2 * table["p"][0]))


def test_a_swap_that_changes_every_answer_alike_is_not_supported(model_of):
    evidence = swapping(model_of(languages_model("every word")), TO_SYNONYMS, FRENCH).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "other concepts" in evidence.reason
    found = {f.name: f.verdict for f in evidence.findings}
    assert found["swapped in fr"] is Verdict.SUPPORTED


def test_a_swap_to_another_word_than_claimed_is_not_supported(model_of):
    claimed = other_operands(FRENCH, paired=False)
    concepts = list(dict.fromkeys(p.clusters["concept"] for p in claimed))
    after = dict(zip(concepts, concepts[1:] + concepts[:1], strict=True))
    moved = tuple(
        replace(p, clusters={**p.clusters, "donor": after[p.clusters["concept"]]}) for p in claimed
    )
    wrong = replace(claimed, prompts=moved)
    evidence = swapping(model_of(languages_model("shared")), OTHER_WORDS, wrong).check()
    assert evidence.verdict is not Verdict.SUPPORTED


def test_a_swap_to_another_language_than_claimed_is_not_supported(model_of):
    on = answered_as(planted_antonyms("en"), CHINESE)
    evidence = swapping(model_of(languages_model("shared")), TO_FRENCH, on).check()
    assert evidence.verdict is not Verdict.SUPPORTED


def test_a_swap_the_wrong_way_round_is_refuted(model_of):
    back = swap_conditions(planted_antonyms("en"), versus=planted_synonyms("en"), at=SITE)
    evidence = swapping(model_of(languages_model("shared")), back, FRENCH).check()
    assert evidence.verdict is Verdict.REFUTED


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    model = Session().model(languages_model("shared").with_random_weights(seed))
    claims = [
        swapping(model, TO_SYNONYMS, FRENCH),
        swapping(model, TO_FRENCH, ENGLISH_TO_FRENCH),
        swapping(model, OTHER_WORDS, other_operands(FRENCH, paired=False)),
    ]
    assert all(e.verdict is not Verdict.SUPPORTED for e in model.court.evaluate(claims))


def test_a_dose_response_crosses_over_in_every_language(model_of):
    model = model_of(languages_model("shared"))
    table = dose_response(model, TO_SYNONYMS, on=planted_antonyms("fr", "zh"), strengths=(0.2, 0.8))
    assert table["language"].tolist() == ["fr", "fr", "zh", "zh"]
    assert (table["margin"] > 0).tolist() == [False, True, False, True]
