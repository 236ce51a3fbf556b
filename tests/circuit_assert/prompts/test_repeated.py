"""Random tokens said twice: where induction looks, and where it must not."""

import numpy as np
import pytest

from circuit_assert import repeated_tokens
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.models.planted import PlantedTokenizer


@pytest.fixture
def tokenizer():
    return PlantedTokenizer("toy", tuple(f" w{i}" for i in range(100)), context_length=64)


@pytest.fixture
def made(tokenizer):
    return repeated_tokens(lengths=(4, 6, 8), sequences=6).tokenize(tokenizer)


def test_the_second_block_repeats_the_first(made):
    for row, length in zip(made.tokens["clean"], [4, 6, 8] * 2, strict=True):
        np.testing.assert_array_equal(row[1 : 1 + length], row[1 + length :])
        assert len(set(row[1 : 1 + length])) == length


def test_the_fresh_block_shares_nothing_with_the_first(made):
    for clean, fresh, length in zip(*made.tokens.values(), [4, 6, 8] * 2, strict=True):
        np.testing.assert_array_equal(clean[: 1 + length], fresh[: 1 + length])
        assert set(fresh[1 + length :]).isdisjoint(clean)


def test_induction_pairs_point_to_the_token_after_the_previous_occurrence(made):
    for row, pairs in zip(made.tokens["clean"], made.pairs["induction"], strict=True):
        for query, key in pairs:
            assert row[key - 1] == row[query]
            assert key - 1 != query


def test_the_controls_do_not_point_there(made):
    wanted = {tuple(p) for p in made.pairs["induction"][0]}
    for relation in ("one before", "two after", "three after", "duplicate"):
        pairs = {tuple(p) for p in made.pairs[relation][0]}
        assert pairs
        assert pairs.isdisjoint(wanted)


def test_targets_are_each_sides_own_next_tokens(made):
    for side in ("clean", "corrupt"):
        for row, targets in zip(made.tokens[side], made.targets[side], strict=True):
            for position, token in targets:
                assert row[position + 1] == token


def test_it_is_drawn_the_same_way_each_time(tokenizer):
    first, again = (repeated_tokens(seed=3).tokenize(tokenizer) for _ in range(2))
    np.testing.assert_array_equal(first.tokens["clean"][0], again.tokens["clean"][0])
    other = repeated_tokens(seed=4).tokenize(tokenizer)
    assert not np.array_equal(first.tokens["clean"][0], other.tokens["clean"][0])
    assert repeated_tokens(seed=3).fingerprint != repeated_tokens(seed=4).fingerprint


def test_what_cannot_be_drawn_is_refused(tokenizer):
    with pytest.raises(PromptError, match="at least 3 tokens"):
        repeated_tokens(lengths=(2,))
    with pytest.raises(PromptError, match="at least one sequence"):
        repeated_tokens(sequences=0)
    with pytest.raises(TokenError, match="context of 64"):
        repeated_tokens(lengths=(32,)).tokenize(tokenizer)
    with pytest.raises(TokenError, match="ordinary tokens"):
        repeated_tokens(lengths=(50,)).tokenize(tokenizer)


def test_blocks_said_more_than_twice(tokenizer):
    prompts = repeated_tokens(lengths=(5, 7), sequences=4, times=4).tokenize(tokenizer)
    for unit, length in enumerate((5, 7, 5, 7)):
        clean, fresh = (prompts.tokens[side][unit][1:] for side in ("clean", "corrupt"))
        assert clean.tolist() == 4 * clean[:length].tolist()
        assert fresh[:length].tolist() == clean[:length].tolist()
        assert len(set(fresh)) == len(fresh) == 4 * length
        pairs = prompts.pairs["after every occurrence"][unit]
        assert len(pairs) == length * (1 + 2 + 3)
        row = prompts.tokens["clean"][unit]
        assert all(row[key - 1] == row[query] and key <= query for query, key in pairs)


def test_how_often_blocks_are_said_is_part_of_what_they_are(tokenizer):
    assert repeated_tokens().fingerprint == repeated_tokens(times=2).fingerprint
    assert repeated_tokens().fingerprint != repeated_tokens(times=3).fingerprint
    with pytest.raises(PromptError, match="at least twice"):
        repeated_tokens(times=1)
    with pytest.raises(TokenError, match="at least 120"):
        repeated_tokens(times=5).tokenize(tokenizer)
