"""The shipped paragraphs: all there, in their languages, and of a length."""

import unicodedata

import pytest

from circuit_assert import paragraphs
from circuit_assert.errors import PromptError
from circuit_assert.prompts.paragraphs import LANGUAGES


def of(language):
    return {p.clusters["paragraph"]: p.text for p in paragraphs(language)}


def test_forty_paragraphs_in_six_languages_share_their_ids():
    assert len(LANGUAGES) == 6
    assert all(list(of(language)) == list(of("en")) for language in LANGUAGES)
    assert len(of("en")) >= 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_paragraph_is_there_twice_or_has_digits(language):
    texts = of(language)
    assert len(set(texts.values())) == len(texts)
    assert not any(letter.isdigit() for text in texts.values() for letter in text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_paragraphs_are_in_the_script_and_about_as_long(language):
    for text in of(language).values():
        scripts = {unicodedata.name(c).split()[0] for c in text if c.isalpha()}
        assert scripts == ({"CJK"} if language == "zh" else {"LATIN"})
        sentences = sum(text.count(end) for end in ".!?。")
        assert 2 <= sentences <= 4
        assert (45 if language == "zh" else 130) < len(text) < (110 if language == "zh" else 330)


def test_translations_are_no_copies():
    for language in set(LANGUAGES) - {"en"}:
        words, theirs = of("en"), of(language)
        for name, text in words.items():
            own, other = (set(t.lower().split()) for t in (text, theirs[name]))
            assert len(own & other) < 0.25 * len(own), (language, name)


def test_an_unknown_language_is_refused():
    with pytest.raises(PromptError, match="no paragraphs in 'pt'"):
        paragraphs("pt")
