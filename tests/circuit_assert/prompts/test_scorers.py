"""What texts are like, counted."""

import pytest

from circuit_assert.errors import PromptError
from circuit_assert.prompts.scorers import Alphabet, Language, ScriptShare, UpperCase, distinct

LOWER = "abcdefghijklmnopqrstuvwxyz"
BASE64 = Alphabet("base64", LOWER.upper() + LOWER + "0123456789+/=", entropy=4.0)
EXAMPLES = {
    "English": ("the cat sat on the mat and looked at the birds outside", "where is the house"),
    "French": ("le chat est sur la table et regarde les oiseaux dehors", "où est la maison"),
}


def test_scripts_are_shares_of_letters():
    assert ScriptShare("Cyrillic").score("да, yes 12") == pytest.approx(2 / 5)
    assert ScriptShare("Han").score("小 ��") == 1.0
    assert ScriptShare("Greek").score("12 …") == 0.0
    with pytest.raises(PromptError, match="scripts are"):
        ScriptShare("Klingon")


def test_upper_case_is_a_share_of_cased_letters():
    assert UpperCase().score("ABc 小") == pytest.approx(2 / 3)
    assert UpperCase().score("") == 0.0


def test_neither_english_nor_a_repetition_is_base64_or_dna():
    dna = Alphabet("DNA", "ACGT", entropy=1.5)
    assert dna.score("GATTACAGCTAGCATCGA") == 1.0
    assert dna.score("AAAAAAAAAAAAAAAA") == 0.0
    assert dna.score("The cat sat on the mat") == 0.0
    assert BASE64.score("aGVsbG8gd29ybGQh5Zu9Qk1X0p8z") == 1.0
    assert BASE64.score("The quick brown fox jumps over the lazy dog") == 0.0


@pytest.mark.parametrize("entropy", [0.0, 2.0])
def test_an_alphabet_needs_an_entropy_that_can_be(entropy):
    with pytest.raises(PromptError, match="bits"):
        Alphabet("DNA", "ACGT", entropy=entropy)
    with pytest.raises(PromptError, match="plain English"):
        Alphabet("letters", LOWER, entropy=3.0)


def test_languages_are_told_by_their_characters():
    french = Language("French", EXAMPLES)
    assert french.score("les maisons sont sur la table") > 0.9
    assert french.score("the birds are outside the house") < 0.1
    assert french.score("123") == 0.0
    assert french.identity != Language("French", {**EXAMPLES, "English": ("other words",)}).identity
    with pytest.raises(PromptError, match="another language"):
        Language("French", {"French": EXAMPLES["French"]})


def test_a_repetition_has_few_distinct_pairs():
    assert distinct([1, 2, 3, 4]) == 1.0
    assert distinct([1, 1, 1, 1, 1]) == pytest.approx(1 / 4)
