"""Is asking for the opposite one feature in several languages? (Lindsey et al. 2025, On the Biology
of a Large Language Model, multilingual circuits; there of a far larger model, by its features.)

The direction leads from English prompts for a synonym to English prompts for an antonym. Its site
was chosen in English alone, which is not tested: of eleven sites from L2 to L16, moving along it
costs English prompts most at L10.

What the model is: its preference for the answer that is asked for is small outside English, and in
French not established, so that nothing is decided there. In Chinese and Japanese the
direction lies the right way; that it is the same feature stays open.
"""

import pytest

from circuit_assert import antonyms, feature_is_multilingual, synonyms

ENGLISH = antonyms("en", per_concept=4), synonyms("en", per_concept=4)
LARGE = 0.8  # Cohen's "large", for denials: not even zero can be refuted by its sign


def opposite(gemma, site):
    toward, away = ENGLISH
    return gemma.direction(toward, versus=away, at=site)


@pytest.mark.open_claim("the model's preference is not established in French")
def test_the_antonym_direction_is_one_feature_in_latin_script(gemma):
    feature = opposite(gemma, "L10.resid_post")
    assert feature_is_multilingual(feature, on=antonyms, languages=["fr", "de"])


@pytest.mark.open_claim("20 templates do not settle the separation in Japanese")
def test_the_antonym_direction_is_one_feature_across_scripts(gemma):
    feature = opposite(gemma, "L10.resid_post")
    assert feature_is_multilingual(feature, on=antonyms, languages=["zh", "ja"])


@pytest.mark.parametrize("language", ["fr", "de"])
def test_the_direction_of_a_language_is_not_the_operation(gemma, language):
    """From English to another language, the operation being the same."""
    toward = antonyms(language, per_concept=4)
    feature = gemma.direction(toward, versus=ENGLISH[0], at="L10.resid_post")
    assert not feature_is_multilingual(feature, on=antonyms, languages=["zh", "ja"], by=LARGE)
