"""Do a text and its translation make the same neurons active, and most so in the middle layers?
Are answers written more directly in English? (Lindsey et al. 2025, On the Biology of a Large
Language Model, multilingual circuits; there of features, of far larger models.)

Layer and size were chosen on English and French, of which nothing is claimed: with 16 tokens of
each paragraph, the overlap with translations beyond that with other paragraphs is 0.012 in L0,
rises to 0.118 in L9 and falls to 0.015 in L17. Less than half of the most is small.

What the model is: few neurons are shared in its first and last layers, a tenth of those active and
more in the middle. Whether English is privileged stays open: outside English and German the model's
preference for antonyms over synonyms is not established. By any amount: no size is known of another
model.
"""

import pytest

from circuit_assert import (
    antonyms,
    features_overlap_across_languages,
    language_is_privileged,
    overlap_peaks_in_the_middle,
    paragraphs,
)

PARAGRAPHS = paragraphs()
OTHERS = ("es", "de", "it", "zh")
SMALL = 0.05


@pytest.mark.parametrize("language", OTHERS)
def test_neurons_of_a_middle_layer_are_shared_with_english(gemma, language):
    assert features_overlap_across_languages(
        gemma, "L9.mlp_post", on=PARAGRAPHS, languages=("en", language), by=SMALL
    )


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("site", ["L0.mlp_post", "L17.mlp_post"])
def test_few_neurons_of_the_first_and_last_layers_are(gemma, site, language):
    assert not features_overlap_across_languages(
        gemma, site, on=PARAGRAPHS, languages=("en", language), by=SMALL
    )


@pytest.mark.parametrize("language", ["es", "de", "it"])
def test_what_is_shared_peaks_in_the_middle(gemma, language):
    assert overlap_peaks_in_the_middle(gemma, on=PARAGRAPHS, languages=("en", language), by=SMALL)


@pytest.mark.open_claim("0.045: 41 paragraphs leave its interval astride 0.05, set beforehand")
def test_what_is_shared_with_chinese_peaks_as_much(gemma):
    assert overlap_peaks_in_the_middle(gemma, on=PARAGRAPHS, languages=("en", "zh"), by=SMALL)


def test_what_is_shared_with_chinese_peaks_at_all(gemma):
    """Asked after it was seen that 0.05 is not decided."""
    assert overlap_peaks_in_the_middle(gemma, on=PARAGRAPHS, languages=("en", "zh"))


@pytest.mark.open_claim("German effects are as large on average, and words differ by far more")
def test_english_is_privileged_over_german(gemma):
    assert language_is_privileged(gemma, "en", on=antonyms("en", "de", per_concept=2), by=0.0)


@pytest.mark.open_claim("the model's preference for antonyms is not established in Chinese")
def test_english_is_privileged_over_chinese(gemma):
    assert language_is_privileged(gemma, "en", on=antonyms("en", "zh", per_concept=2), by=0.0)
