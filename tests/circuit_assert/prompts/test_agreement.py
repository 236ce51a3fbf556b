"""Prompts that agree on a feature."""

import pytest

from circuit_assert.errors import PromptError
from circuit_assert.models.planted_models import inhibiting_model
from circuit_assert.prompts.agreement import donors_by, labels_by
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

TOKENIZER = inhibiting_model().tokenizer
SAID = (("w1 w2", "a"), ("w1 w3", "a"), ("w2 w3", "a"), ("w1 w3", "a"), ("w1 w2", "b"))


@pytest.fixture
def tokenized():
    """Two words each; two of the prompts are the same, and the last is of another template."""
    prompts = tuple(
        Prompt(
            text,
            answer=f" {text.split()[0]}",
            positions={"first": text.split()[0]},
            clusters={"template": template, "number": str(n % 2)},
        )
        for n, (text, template) in enumerate(SAID)
    )
    return PromptSet("two words", prompts).tokenize(TOKENIZER)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (None, [[1, 2, 3], [0, 2], [0, 1, 3], [0, 2], []]),
        ("answer", [[1, 3], [0], [], [0], []]),
        ("first", [[1, 3], [0], [], [0], []]),
        ("end", [[], [2], [1, 3], [2], []]),
        ("number", [[2], [], [0], [], []]),
    ],
)
def test_donors_are_other_prompts_of_the_template_that_agree(tokenized, feature, expected):
    assert donors_by(tokenized, feature) == expected


def test_lengths_differ_within_a_template():
    texts = ("w1 w2", "w3 w4", "w5 w6 w7")
    prompts = tuple(Prompt(text, clusters={"template": "a"}) for text in texts)
    assert donors_by(PromptSet("three", prompts).tokenize(TOKENIZER), None) == [[1], [0], []]


def test_what_is_chosen_keeps_its_labels(tokenized):
    assert labels_by(tokenized.only([4, 1, 2]), "number") == ("0", "1", "0")


@pytest.mark.parametrize("feature", ["foil", "second"])
def test_a_feature_that_there_is_not(tokenized, feature):
    with pytest.raises(PromptError, match=f"no '{feature}' that they could agree on"):
        labels_by(tokenized, feature)
