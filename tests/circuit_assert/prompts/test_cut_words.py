"""Words of one token, cut into two tokens."""

import pytest

from circuit_assert.errors import TokenError
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.cut_words import cut_words

PIECES = (
    "<begin>",
    *(" hello", " Hello", " house", " cat", " 1234", " other", " lonely"),
    *(" he", "llo", " hel", "lo", " ho", "use", " ca", "t", " 12", "34", " oth", "r", "er", " o"),
)
TOKENIZER = PlantedTokenizer("pieces", PIECES, 64)
DOCUMENTS = in_documents("texts", ["hello house cat 1234", "Hello other lonely hello house"])


def test_words_are_cut_where_both_sides_are_tokens():
    words = {word.text: word for word in cut_words(DOCUMENTS, 3, TOKENIZER)}
    assert {text.lower() for text in words} == {" hello", " house", " other"}
    for word in words.values():
        pieces = [TOKENIZER.piece(token) for token in (word.token, word.first, word.last)]
        assert pieces[0] == word.text == pieces[1] + pieces[2]
        assert TOKENIZER.encode(word.text) == [word.token]
        assert min(len(pieces[1]) - 1, len(pieces[2])) >= 2


def test_a_word_is_always_cut_alike_and_others_elsewhere():
    """Both cuts of a word with two of them come up, by the word's letters."""
    names = [f"{a}{b}" for a in "bcdfgh" for b in "aeiou"]
    whole, pieces = [], []
    for name in names:
        whole.append(f" {name}xyz{name}")
        pieces += [f" {name}", f"xyz{name}", f" {name}xyz", name]
    tokenizer = PlantedTokenizer("many", ("<begin>", *whole, *pieces), 64)
    documents = in_documents("words", ["".join(whole).strip()])
    words = cut_words(documents, len(whole), tokenizer)
    cut = {word.text: tokenizer.piece(word.last).startswith("xyz") for word in words}
    assert 5 < sum(cut.values()) < len(cut) - 5
    fewer = cut_words(documents, 10, tokenizer)
    assert words[:10] == fewer


def test_too_few_words_are_refused():
    with pytest.raises(TokenError, match=r"has 3 words of one token of pieces.*4 are asked for"):
        cut_words(DOCUMENTS, 4, TOKENIZER)
