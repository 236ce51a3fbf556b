"""Passages: what is done to a text's tokens, and which pairs are compared."""

import pytest

from circuit_assert import PromptSet
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.execution.store import Store
from circuit_assert.models.planted_models import attention_model, drawn_documents
from circuit_assert.prompts.halves import half_of
from circuit_assert.prompts.passages import Passages, passages

TOKENIZER = attention_model().tokenizer
TEXT = drawn_documents(documents=12)
SIDES = ("clean", "corrupt")


def tokenized(**arguments):
    return Store(TOKENIZER).tokenized(Passages(TEXT, **arguments))


def rows(prompts, side):
    return [row.tolist() for row in prompts.tokens[side]]


def test_the_clean_side_is_the_beginning_of_the_text():
    whole = TEXT.tokenize(TOKENIZER).tokens["clean"]
    for corruption in ("shuffled", "random", "moved"):
        found = tokenized(tokens=10, corruption=corruption)
        assert rows(found, "clean") == [row[:11].tolist() for row in whole]


def test_shuffling_keeps_the_tokens_and_the_beginning():
    prompts = tokenized(corruption="shuffled")
    changed = 0
    for clean, shuffled in zip(rows(prompts, "clean"), rows(prompts, "corrupt"), strict=True):
        assert clean[0] == shuffled[0] == 0
        assert sorted(clean) == sorted(shuffled)
        changed += clean != shuffled
    assert changed == len(TEXT)


def test_random_tokens_are_others():
    prompts = tokenized(corruption="random")
    for clean, random in zip(rows(prompts, "clean"), rows(prompts, "corrupt"), strict=True):
        assert random[0] == 0
        assert 0 not in random[1:]
        assert len(set(random)) == len(random) == len(clean)


def test_moving_the_first_token_leaves_what_follows_in_place():
    prompts = tokenized(corruption="moved")
    for unit, (clean, moved) in enumerate(
        zip(rows(prompts, "clean"), rows(prompts, "corrupt"), strict=True)
    ):
        (there,) = {int(key) for _, key in prompts.pairs["moved"][unit]}
        assert moved[there] == clean[0] == 0
        assert 0 not in moved[:there]
        assert moved[:there] == clean[1 : there + 1]
        assert moved[there + 1 :] == clean[there + 1 :]
        queries = [int(query) for query, _ in prompts.pairs["moved"][unit]]
        assert queries == [int(query) for query, _ in prompts.pairs["first"][unit]]
        assert queries == list(range(there + 1, len(clean)))
        assert {int(key) for _, key in prompts.pairs["first"][unit]} == {0}


@pytest.mark.parametrize("corruption", ["shuffled", "random", "moved"])
def test_the_beginning_token_may_be_left_out(corruption):
    bare, whole = (tokenized(corruption=corruption, beginning=b) for b in (False, True))
    for side in SIDES:
        assert not any(0 in row for row in rows(bare, side))
    assert rows(bare, "clean") == [row[1:] for row in rows(whole, "clean")]


def test_a_side_that_should_begin_as_the_models_do_is_still_checked():
    class Unbegun(Passages):
        def _corrupted(self, row, start, unit, tokenizer):
            return row[::-1]

    with pytest.raises(TokenError, match="does not begin with"):
        Store(TOKENIZER).tokenized(Unbegun(TEXT, corruption="random"))


def test_tokens_before_have_one_set_of_queries_and_never_the_beginning():
    prompts = tokenized()
    relations = {name: prompts.pairs[name] for name in ("previous", "two before", "three before")}
    for unit in range(len(prompts)):
        queries = {name: pairs[unit][:, 0].tolist() for name, pairs in relations.items()}
        assert queries["previous"] == queries["two before"] == queries["three before"]
        for by, pairs in enumerate(relations.values(), start=1):
            assert (pairs[unit][:, 0] - pairs[unit][:, 1] == by).all()
            assert pairs[unit][:, 1].min() >= 1
    assert relations["three before"][0][:, 1].min() == 1


def test_short_texts_are_dropped_with_a_reason():
    mixed = PromptSet.from_list(["w1 w2 w3", " ".join(f"w{n}" for n in range(1, 12))])
    found = Passages(mixed).tokenize(TOKENIZER)
    assert found.kept.tolist() == [1]
    assert "fewer than 8" in found.dropped[0]
    with pytest.raises(TokenError, match="has 8 tokens"):
        Passages(mixed.where(lambda prompt: len(prompt.text) < 10)).tokenize(TOKENIZER)
    with pytest.raises(PromptError, match="at least 8"):
        Passages(mixed, tokens=5)


def test_passages_of_passages_and_of_halves():
    short = Passages(TEXT, tokens=9)
    assert passages(short, "moved") == Passages(TEXT, 9, "moved")
    half = passages(half_of(short, "test"), "random").tokenize(TOKENIZER)
    whole = short.tokenize(TOKENIZER)
    assert 0 < len(half) < len(whole)
    longest = max(len(row) for row in half.tokens["corrupt"])
    assert longest == 10


def test_what_is_done_is_part_of_the_fingerprint():
    made = [Passages(TEXT, corruption=c, beginning=b) for c in ("random", "moved") for b in (0, 1)]
    made += [Passages(TEXT, seed=1), Passages(TEXT, tokens=9), Passages(), Passages(TEXT)]
    assert len({one.fingerprint for one in made}) == len(made)
    assert Passages().name == "plain_text"
