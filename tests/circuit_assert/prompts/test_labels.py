"""What is true of tokens: scripts by their letters, partial characters apart, predicates."""

import math

import numpy as np
import pytest

from circuit_assert import PromptSet, Script, document_label, token_label
from circuit_assert.errors import PromptError
from circuit_assert.models.planted_models import feature_documents, feature_model
from circuit_assert.prompts.labels import TokenLabel

TOKENIZER = feature_model().tokenizer
ON = feature_documents(documents=3, length=6).tokenize(TOKENIZER)


@pytest.mark.parametrize(
    ("script", "piece", "expected"),
    [
        ("Arabic", " سلام", 1.0),
        ("Hebrew", "שלום", 1.0),
        ("Hebrew", "سلام", 0.0),
        ("Han", "你好", 1.0),
        ("Han", "こ", 0.0),
        ("Hiragana", "こ", 1.0),
        ("Cyrillic", "Жы", 1.0),
        ("Cyrillic", "x", 0.0),
        ("Latin", " é", 1.0),
        ("Latin", " 12,", 0.0),
        ("Greek", "μ", 1.0),
        ("Latin", "µ", 0.0),
        ("Arabic", "<0xD8>", math.nan),
        ("Latin", "a�", math.nan),
    ],
)
def test_scripts_of_tokens(script, piece, expected):
    np.testing.assert_equal(Script(script).of(piece), expected)


def test_labels_of_rows():
    rows = Script("Cyrillic").rows(ON, TOKENIZER)
    for row, tokens in zip(rows, ON.tokens["clean"], strict=True):
        assert row.tolist() == [float("ж" in TOKENIZER.piece(t)) for t in tokens]
    first = TokenLabel("first", lambda pieces, place: place == 0)
    assert all(row.tolist() == [1.0] + [0.0] * 6 for row in first.rows(ON, TOKENIZER))
    assert [row.max() for row in document_label("document", "1").rows(ON, TOKENIZER)] == [0, 1, 0]
    with pytest.raises(PromptError, match="they have document"):
        document_label("language", "fr").rows(ON, TOKENIZER)


def test_languages_are_labels_where_there_are_several():
    both = [{"text": "ж1 ж2", "language": "ru"}, {"text": "w1 w2"}]
    on = PromptSet.from_list(both, name="both").tokenize(TOKENIZER)
    assert [row.max() for row in document_label("language", "ru").rows(on, TOKENIZER)] == [1, 0]


def test_a_label_is_known_by_what_it_computes():
    one = token_label("digits", lambda piece: piece.isdigit())
    same = token_label("digits", lambda piece: piece.isdigit())
    other = token_label("digits", lambda piece: piece.isalpha())
    assert one.identity == same.identity != other.identity

    def starting(letter):
        return token_label("starting", lambda piece: piece.startswith(letter))

    assert starting("a").identity != starting("b").identity
