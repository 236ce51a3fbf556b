"""Claims about several languages: sentences, and what is refused before a model loads."""

import numpy as np
import pytest

from circuit_assert import (
    PromptSet,
    Session,
    answered_as,
    antonyms,
    features_overlap_across_languages,
    language_is_privileged,
    other_operands,
    overlap_peaks_in_the_middle,
    paragraphs,
    swap_conditions,
    swap_operands,
    swapping_changes_answer,
    synonyms,
)
from circuit_assert.claims.languages.overlaps import _middle
from circuit_assert.errors import ClaimError, ComponentError

EN = antonyms("en", per_concept=1), synonyms("en", per_concept=1)
TO_SYNONYMS = swap_conditions(EN[1], versus=EN[0], at="L9.resid_post")
WORDS = swap_operands(EN[0], at="L2.resid_post")
FR = antonyms("fr", per_concept=1)
ABOUT_BREAD = paragraphs("en", "fr").where(lambda p: p.clusters["paragraph"] == "bread")


@pytest.fixture(scope="module")
def model():
    return Session().model("gemma-3-270m")


def test_the_sentence_says_what_is_swapped_on_what_and_how_much(model):
    claim = swapping_changes_answer(model, TO_SYNONYMS, on=FR, strengths=(1.0, 3.0), by=0.5)
    assert claim.sentence == (
        "swapping antonyms(en) for synonyms(en) at L9.resid_post changes the answer on "
        "antonyms(fr), at 3 times it, by 0.5 nats in gemma-3-270m"
    )


def test_other_swaps_strengths_and_prompts_are_other_claims(model):
    longer = swap_conditions(synonyms("en"), versus=EN[0], at="L9.resid_post")
    claims = [
        swapping_changes_answer(model, swap, on=on, strengths=strengths)
        for swap in (TO_SYNONYMS, longer)
        for on in (FR, antonyms("de", per_concept=1))
        for strengths in ((1.0, 2.0), (1.0, 4.0))
    ]
    assert len({claim.id for claim in claims}) == 8


def test_every_language_has_its_criteria(model):
    on = antonyms("fr", "zh", per_concept=1)
    leaves = swapping_changes_answer(model, TO_SYNONYMS, on=on).body.leaves()
    roles = [role for role, _ in leaves]
    assert [roles.count(role) for role in ("gate", "primary", "guard")] == [2, 4, 3]


def test_a_swap_of_the_language_need_not_raise_its_words_above_others():
    fr, en = synonyms("fr", per_concept=1), EN[1]
    assert swap_conditions(fr, versus=en, at="L9.resid_post").changes_language
    assert not TO_SYNONYMS.changes_language
    assert not WORDS.changes_language


@pytest.mark.parametrize("strengths", [(), (1.0,), (2.0, 1.0), (0.0, 1.0), (-1.0, 1.0)])
def test_strengths_rise_from_above_zero(model, strengths):
    with pytest.raises(ClaimError, match="rising"):
        swapping_changes_answer(model, TO_SYNONYMS, on=FR, strengths=strengths)


def test_templates_of_the_swap_are_not_tested(model):
    with pytest.raises(ClaimError, match="other templates"):
        swapping_changes_answer(model, TO_SYNONYMS, on=EN[0])


@pytest.mark.parametrize(
    ("swap", "on", "message"),
    [
        (WORDS, FR, "'donor' id"),
        (TO_SYNONYMS, PromptSet.from_list(["one"]), "'concept' id"),
    ],
)
def test_prompts_without_ids_are_refused(model, swap, on, message):
    with pytest.raises(ClaimError, match=message):
        swapping_changes_answer(model, swap, on=on)


def test_swaps_are_in_the_residual_stream_of_the_model(model):
    with pytest.raises(ClaimError, match="residual stream"):
        swap_operands(EN[0], at="L2.mlp_post")
    with pytest.raises(ComponentError):
        swap_conditions(EN[1], versus=EN[0], at="L2.z")
    late = swap_operands(EN[0], at="L99.resid_post")
    with pytest.raises(ComponentError):
        swapping_changes_answer(model, late, on=other_operands(FR))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"languages": ("en", "pt")}, "two of the paragraphs'"),
        ({"languages": ("en", "en")}, "two of the paragraphs'"),
        ({"tokens": 0}, "at least 1"),
        ({"quantile": 1.0}, "between 0 and 1"),
        ({"at": "L3.resid_post"}, "are not known"),
        (
            {"on": paragraphs("en", "fr").where(lambda p: p.clusters["paragraph"] == "bread")},
            "it takes 20",
        ),
    ],
)
def test_overlaps_that_cannot_be_asked_for(model, options, message):
    given = {"at": "L3.mlp_post", "on": paragraphs("en", "fr"), "languages": ("en", "fr")}
    with pytest.raises(ClaimError, match=message):
        features_overlap_across_languages(model, by=0.0, **{**given, **options})


def test_paragraphs_without_ids_are_refused(model):
    on = answered_as(antonyms("fr", per_concept=1), antonyms("en", per_concept=1))
    both = PromptSet("both", (*on.prompts, *EN[0].prompts), ("concept",))
    with pytest.raises(ClaimError, match="'paragraph' id"):
        features_overlap_across_languages(
            model, "L3.mlp_post", on=both, languages=("en", "fr"), by=0.0
        )


def test_the_middle_third_is_weighed_against_the_others():
    for layers in (3, 4, 12, 18, 30):
        weights = np.array(_middle(layers))
        assert weights[weights > 0].sum() == pytest.approx(1.0)
        assert weights[weights < 0].sum() == pytest.approx(-1.0)
        assert (weights[[0, -1]] < 0).all()
        assert weights[layers // 2] > 0


def test_the_sentence_of_a_peak(model):
    claim = overlap_peaks_in_the_middle(model, on=paragraphs("en", "zh"), languages=("en", "zh"))
    assert claim.sentence == (
        "the overlap of features peaks in the middle layers across en and zh in gemma-3-270m"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "not both and not neither"),
        ({"by": 0.1, "within": 0.1}, "not both and not neither"),
        ({"by": 0.1, "over": ("de",)}, "compared with other languages"),
        ({"by": 0.1, "over": ("en",)}, "compared with other languages"),
    ],
)
def test_privileges_that_cannot_be_asked_for(model, options, message):
    on = antonyms("en", "fr", per_concept=1)
    with pytest.raises(ClaimError, match=message):
        language_is_privileged(model, "en", on=on, **options)
