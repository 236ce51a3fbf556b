"""Does swapping the operation, the word or the language swap the answer? (Lindsey et al. 2025, On
the Biology of a Large Language Model, multilingual circuits; there by features of a far larger
model, here by differences of means.)

Sites and strengths were chosen where nothing is claimed. The operation and the word: in English, on
the templates of odd numbers for those of even ones. Of six sites from L3 to L14 the operation's
margin rises most at L11, where even eight times the difference makes both answers just as likely
(margins −1.8, −0.8, −0.3 and 0.0 nats at 0, 2, 4 and 8 times). Of four sites from L0 to L7 the
word's answer changes at all of them, by one difference; L4 is where twice it does most. The
language: from English to French on the discovery half of the words; of L6, L9, L12 and L15 only L15
changes the answer by one difference. Prompts for the word are exchanged in pairs and those for the
operation both ways, so that how frequent words are cancels.

What was looked at: French is not claimed, for the site was chosen by it; on the other half of its
words the language is open, as for Spanish. The word is open in French, Spanish and Italian as it is
in German, and the operation in these as in German and Chinese: outside English the model hardly
prefers antonyms to synonyms, nor, outside English and Chinese, a word's own antonym to another's.
In Chinese the word is open too where its means are over two templates instead of four, and where
the unrelated directions are tried on two prompts only, on which the swap does little.

How far apart crossovers may be was set before they were looked at. English is swapped for German at
0.86 times the difference, for Italian at 0.89 and for Chinese at 0.74.
"""

import pytest

from circuit_assert import (
    answered_as,
    antonyms,
    both_ways,
    other_operands,
    swap_conditions,
    swap_operands,
    swapping_changes_answer,
    swaps_cross_over_alike,
    synonyms,
)

ENGLISH = antonyms("en", per_concept=2)
FEW = 4  # prompts that 200 unrelated directions are tried on


def english_for(language, *, at):
    """Found on prompts for synonyms."""
    toward, away = (synonyms(each, per_concept=1) for each in (language, "en"))
    return swap_conditions(toward, versus=away, at=at)


def english_answered_in(language):
    """Prompts for antonyms."""
    return answered_as(ENGLISH, antonyms(language, per_concept=1))


def swaps_english_for(gemma, language, *, at, strengths):
    return swapping_changes_answer(
        gemma,
        english_for(language, at=at),
        on=english_answered_in(language),
        strengths=strengths,
        tried_on=FEW,
    )


@pytest.mark.parametrize("language", ["de", "it", "zh"])
def test_the_language_is_swapped(gemma, language):
    assert swaps_english_for(gemma, language, at="L15.resid_post", strengths=(1.0, 2.0))


@pytest.mark.open_claim("the Spanish answer is not shown to stand above those of other words")
def test_english_is_swapped_for_spanish(gemma):
    assert swaps_english_for(gemma, "es", at="L15.resid_post", strengths=(1.0, 2.0))


def test_the_language_is_not_swapped_early(gemma):
    assert not swaps_english_for(gemma, "de", at="L6.resid_post", strengths=(0.5, 1.0))


@pytest.mark.open_claim("80 prompts leave the difference of the crossovers open by ±0.27 times it")
@pytest.mark.parametrize(("first", "second"), [("de", "it"), ("de", "zh"), ("it", "zh")])
def test_languages_cross_over_at_the_same_strength(gemma, first, second):
    assert swaps_cross_over_alike(
        gemma,
        english_for(first, at="L15.resid_post"),
        other=english_for(second, at="L15.resid_post"),
        on=english_answered_in(first),
        versus=english_answered_in(second),
        strengths=(0.5, 1.0, 2.0),
        within=0.25,
        tried_on=FEW,
    )


def swaps_the_word(gemma, language):
    return swapping_changes_answer(
        gemma,
        swap_operands(antonyms("en", per_concept=4), at="L4.resid_post"),
        on=other_operands(antonyms(language, per_concept=2)),
        strengths=(0.5, 1.0),
        tried_on=FEW,
    )


def test_the_word_is_swapped_in_chinese(gemma):
    assert swaps_the_word(gemma, "zh")


@pytest.mark.open_claim("the model's preference for a word's own antonym is not established")
def test_the_word_is_swapped_in_german(gemma):
    assert swaps_the_word(gemma, "de")


@pytest.mark.open_claim("the model's preference for the asked operation is not established")
@pytest.mark.parametrize("language", ["de", "zh"])
def test_the_operation_is_swapped(gemma, language):
    asked = [operation(language, per_concept=1) for operation in (antonyms, synonyms)]
    assert swapping_changes_answer(
        gemma,
        swap_conditions(synonyms("en", per_concept=1), versus=ENGLISH, at="L11.resid_post"),
        on=both_ways(*asked),
        strengths=(4.0, 8.0),
        tried_on=FEW,
    )
