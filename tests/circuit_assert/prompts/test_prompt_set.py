"""Prompt sets of one's own: what they keep, and what they refuse."""

import numpy as np
import pandas as pd
import pytest

from circuit_assert import Prompt, PromptSet
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.prompts.token_samples import AnswerTokens

WORDS = ("<begin>", " a", " b", " c", " left", " right", " up")


@pytest.fixture
def tokenizer():
    return PlantedTokenizer("toy", WORDS, context_length=6)


def one(text=" a b", **fields):
    return PromptSet("mine", (Prompt(text, clusters={"template": "1"}, **fields),))


def test_a_list_of_texts_is_a_set_of_its_own_clusters():
    prompts = PromptSet.from_list(["one", "two"])
    assert prompts.clusters == {"prompt": ("0", "1")}


def test_a_frame_round_trips():
    frame = pd.DataFrame(
        {"text": ["x", "y"], "answer": [" a", None], "template": ["t1", "t2"], "n": [1, 2]}
    )
    prompts = PromptSet.from_frame(frame)
    assert prompts.clusters == {"template": ("t1", "t2")}
    assert [p.answer for p in prompts] == [" a", None]
    assert PromptSet.from_frame(prompts.frame) == PromptSet.from_frame(frame)


def test_an_empty_set_is_refused():
    with pytest.raises(PromptError, match="empty"):
        PromptSet.from_list([])
    with pytest.raises(PromptError, match="empty"):
        one().where(language="fr")


def test_a_missing_cluster_id_is_refused():
    with pytest.raises(PromptError, match="independent"):
        PromptSet("mine", (Prompt("x"),), cluster_by=("template",))


def test_an_answer_that_is_its_foil_is_refused():
    with pytest.raises(PromptError, match="both as answer and as foil"):
        one(answer=" left", foil=" left")


def test_a_piece_that_is_not_there_is_refused():
    with pytest.raises(PromptError, match="Bob"):
        one(positions={"IO": "Bob"})


def test_halves_are_disjoint_by_cluster_and_whole_together():
    prompts = PromptSet.from_list([f"text {i}" for i in range(21)])
    halves = [prompts.half("discovery"), prompts.half("test")]
    ids = [set(half.clusters["prompt"]) for half in halves]
    assert ids[0].isdisjoint(ids[1])
    assert ids[0] | ids[1] == set(prompts.clusters["prompt"])
    assert abs(len(ids[0]) - len(ids[1])) == 1


def test_sets_of_one_name_and_contents_are_equal():
    assert one() == one()
    assert one() != PromptSet("other", one().prompts)
    assert one() != PromptSet("mine", one().prompts, ())
    assert one() != one().prompts


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "a c"},
        {"corrupt": "a c"},
        {"answer": " left"},
        {"foil": " left"},
        {"positions": {"a": "a"}},
        {"language": "de"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_sets_that_differ_in_one_prompt_are_not(changed):
    assert one(**changed) != one()


def test_the_fingerprint_is_of_the_contents():
    assert one().fingerprint == PromptSet("other", one().prompts).fingerprint
    assert one().fingerprint != one(" a c").fingerprint
    assert one().fingerprint != one(answer=" left").fingerprint


def test_tokens_answers_and_positions(tokenizer):
    made = one(" a b c", answer=" left", foil=" right", positions={"b": " b"}).tokenize(tokenizer)
    np.testing.assert_array_equal(made.tokens["clean"][0], [0, 1, 2, 3])
    assert (made.answers[0], made.foils[0]) == (4, 5)
    assert made.positions["b"][0] == 2
    assert made.positions["end"][0] == 3


def test_a_position_is_that_of_the_last_occurrence(tokenizer):
    made = one(" a b a", positions={"a": " a"}).tokenize(tokenizer)
    assert made.positions["a"][0] == 3


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ({"text": " a", "corrupt": " a b"}, "corrupt prompt has 3 tokens, the clean one 2"),
        ({"text": " a b c a b c"}, "more than the context of 6"),
        ({"text": " a", "answer": " left right", "foil": " left up"}, "begin with the same token"),
    ],
)
def test_what_does_not_fit_is_dropped_with_the_reason(tokenizer, prompt, why):
    prompts = PromptSet(
        "mine",
        (
            Prompt(**{"answer": " left", "foil": " up", "text": " b"}, clusters={"template": "0"}),
            Prompt(**prompt, clusters={"template": "1"}),
        ),
    )
    made = prompts.tokenize(tokenizer)
    assert list(made.kept) == [0]
    assert why in made.dropped[1]


def test_a_set_of_which_nothing_fits_is_an_error(tokenizer):
    with pytest.raises(TokenError, match="context of 6"):
        one(" a b c a b c").tokenize(tokenizer)


def test_a_word_the_model_does_not_have_is_named(tokenizer):
    with pytest.raises(TokenError, match="zebra"):
        one(" a zebra").tokenize(tokenizer)


class Counting(PlantedTokenizer):
    """Notes what it is asked to cut."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.cut = []

    def encode(self, text):
        self.cut.append(text)
        return super().encode(text)


def test_a_prompt_is_cut_once_for_each_thing_that_is_read_of_it():
    counting = Counting("toy", WORDS, context_length=6)
    found = one(answer=" left", foil=" right", positions={"IO": " a"}).tokenize(counting)
    assert counting.cut == [" a b", " a b left", " a b right", " a"]
    assert (found.answers.tolist(), found.foils.tolist()) == ([4], [5])
    assert found.positions["IO"].tolist() == [1]


def test_answers_and_foils_are_looked_up_once_and_are_each_caller_s_own():
    counting = Counting("toy", WORDS, context_length=6)
    of = AnswerTokens(one(answer=" left", foil=" right"))
    first = of.numbers(counting)
    cut = list(counting.cut)
    assert sorted(first) == [4, 5]
    first[:] = 0
    assert sorted(of.numbers(counting)) == [4, 5]
    assert counting.cut == cut
    assert sorted(of.numbers(PlantedTokenizer("other", WORDS[::-1], 6))) == [1, 2]
