"""Halves: disjoint clusters, everything that is said of a unit goes with it."""

import numpy as np
import pytest

from circuit_assert import Prompt, PromptSet, repeated_tokens
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.models.planted import PlantedTokenizer
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.halves import Half, half_of, overlap

WORDS = tuple(f" w{i}" for i in range(100))
HALVES = ("discovery", "test")


@pytest.fixture
def tokenizer():
    return PlantedTokenizer("toy", WORDS, context_length=64)


def templates(count, each=2):
    """Prompts with everything a prompt can have, `each` of a template."""
    made = [
        Prompt(
            f"{WORDS[t]}{WORDS[50 + i]}",
            corrupt=f"{WORDS[t]}{WORDS[60 + i]}",
            answer=WORDS[70 + t],
            foil=WORDS[40 + t],
            positions={"first": WORDS[t]},
            clusters={"template": f"t{t}"},
        )
        for t in range(count)
        for i in range(each)
    ]
    return PromptSet("made", tuple(made))


def test_halves_of_repeated_tokens_are_disjoint_and_whole_together(tokenizer):
    whole = repeated_tokens(lengths=(4, 6, 8), sequences=13)
    halves = [whole.half(which) for which in HALVES]
    kept = [set(half.tokenize(tokenizer).kept.tolist()) for half in halves]

    assert kept[0].isdisjoint(kept[1])
    assert kept[0] | kept[1] == set(range(13))
    assert [len(half) for half in halves] == [len(ids) for ids in kept] == [6, 7]


@pytest.mark.parametrize("which", HALVES)
def test_halves_of_repeated_tokens_have_every_length_equally_often(tokenizer, which):
    half = repeated_tokens(lengths=(4, 6, 8), sequences=24).half(which).tokenize(tokenizer)
    assert [half.groups.count(n) for n in ("4", "6", "8")] == [4, 4, 4]


def test_a_half_holds_the_sequences_of_the_whole(tokenizer):
    whole = repeated_tokens(lengths=(4, 6, 8), sequences=12)
    drawn, half = (p.tokenize(tokenizer) for p in (whole, whole.half("test")))
    for row, fresh, unit in zip(
        half.tokens["clean"], half.tokens["corrupt"], half.kept, strict=True
    ):
        np.testing.assert_array_equal(row, drawn.tokens["clean"][unit])
        np.testing.assert_array_equal(fresh, drawn.tokens["corrupt"][unit])


def test_names_and_fingerprints_tell_halves_apart():
    for whole in (repeated_tokens(), templates(6)):
        made = [whole, *(whole.half(which) for which in HALVES)]
        wrapped = [Half(whole, which) for which in HALVES]
        for each in (made, wrapped):
            assert len({p.fingerprint for p in each}) == len({p.name for p in each}) == len(each)
            assert all(isinstance(p, Prompts) for p in each)


def test_what_cannot_be_halved_says_so(tokenizer):
    with pytest.raises(PromptError, match="is a half already"):
        repeated_tokens().half("test").half("test")
    with pytest.raises(PromptError, match="at least sequences=6"):
        repeated_tokens(sequences=5).half("test")
    with pytest.raises(TokenError, match="only one template"):
        Half(templates(1), "test").tokenize(tokenizer)


def test_sets_that_can_halve_themselves_do():
    for whole in (repeated_tokens(), templates(6)):
        assert half_of(whole, "test") == whole.half("test")
    assert half_of(Half(templates(8), "test"), "test") == Half(Half(templates(8), "test"), "test")


@pytest.mark.parametrize("which", HALVES)
def test_a_wrapped_half_is_what_the_set_itself_would_give(tokenizer, which):
    whole = templates(7)
    wrapped = Half(whole, which).tokenize(tokenizer)
    own = whole.half(which).tokenize(tokenizer)

    assert wrapped.clusters == own.clusters
    assert wrapped.groups == own.groups
    for field in ("answers", "foils"):
        np.testing.assert_array_equal(getattr(wrapped, field), getattr(own, field))
    for field in ("tokens", "positions", "pairs", "targets"):
        there, here = getattr(own, field), getattr(wrapped, field)
        assert there.keys() == here.keys()
        for name, values in here.items():
            for one, other in zip(values, there[name], strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_crossed_set_is_halved_by_its_first_name(tokenizer):
    prompts = [
        Prompt(f"{WORDS[c]}{WORDS[50 + t]}", clusters={"concept": f"c{c}", "template": f"t{t}"})
        for c in range(6)
        for t in range(4)
    ]
    whole = PromptSet("crossed", tuple(prompts), ("concept", "template"))
    found, tested = (Half(whole, which).tokenize(tokenizer).clusters for which in HALVES)

    assert set(found["concept"]).isdisjoint(tested["concept"])
    assert set(found["template"]) == set(tested["template"])


def test_only_prompts_that_share_units_overlap():
    made, tokens = templates(8), repeated_tokens(sequences=12)
    for whole in (made, tokens):
        found, tested = whole.half("discovery"), whole.half("test")
        assert overlap(whole, found)
        assert overlap(found, whole)
        assert overlap(found, found)
        assert not overlap(found, tested)
    assert overlap(made.half("discovery"), made.where(lambda p: p.text.startswith(" w")))
    assert overlap(made.half("discovery").half("test"), made.half("discovery"))
    assert not overlap(repeated_tokens(seed=1), tokens)
    assert not overlap(made, tokens)


def test_wrapped_halves_overlap_as_their_sets_do():
    whole, other = templates(8), repeated_tokens()
    found, tested = Half(whole, "discovery"), Half(whole, "test")
    assert not overlap(found, tested)
    assert overlap(found, found)
    assert overlap(found, whole)
    assert overlap(whole, tested)
    assert not overlap(found, other)
