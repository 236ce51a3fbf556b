"""Where words end, in tokenizers that cut them otherwise."""

import numpy as np

from circuit_assert.prompts.word_ends import word_ends


class Pieces:
    """A tokenizer whose tokens are given."""

    def __init__(self, pieces, beginning=()):
        self.pieces, self.beginning = pieces, beginning

    def piece(self, token):
        return self.pieces[token]


def ends(*pieces, beginning=()):
    row = np.arange(len(pieces))
    return word_ends(row, Pieces(pieces, beginning))


def test_words_are_the_same_however_they_are_cut():
    one = ends("The", " cat", "'s", " hat.", "\n\n", "It")
    other = ends(
        "<bos>", "Th", "e", " ", "c", "at's", " h", "at", ".\n", "\nI", "t", beginning=(0,)
    )
    assert [word for word, _ in one] == ["The", "cat's", "hat.", "It"]
    assert [word for word, _ in other] == ["The", "cat's", "hat.", "It"]
    assert [place for _, place in one] == [0, 2, 3, 5]
    assert [place for _, place in other] == [2, 5, 8, 10]


def test_a_row_without_its_beginning_token_has_all_its_words():
    assert word_ends(np.array([1, 2]), Pieces(["<bos>", "a", " b"], (0,))) == [("a", 0), ("b", 1)]
