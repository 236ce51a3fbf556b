"""What strategies draw is what the prompt sets have, and its simplest comes first."""

import pytest
from hypothesis import HealthCheck, find, given, settings

from circuit_assert import (
    PromptSet,
    antonym_prompts,
    antonyms,
    from_templates,
    ioi_prompts,
    repeated_sequences,
    repeated_tokens,
    token_sequences,
)
from circuit_assert.counterexamples.drawn import (
    RepeatedSequence,
    TokenSequence,
    as_prompts,
    reading,
)
from circuit_assert.counterexamples.generation import Generation
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.models.planted_models import induction_model

TOKENIZER = induction_model().tokenizer
QUICK = settings(max_examples=50, database=None, suppress_health_check=list(HealthCheck))


def simplest(strategy):
    return find(strategy, lambda unit: True, settings=settings(database=None))


@QUICK
@given(repeated_sequences(TOKENIZER, shortest=4, longest=9))
def test_repeated_sequences_have_distinct_tokens_and_a_fresh_block(unit):
    assert 4 <= len(unit.block) == len(unit.fresh) <= 9
    assert len({*unit.block, *unit.fresh}) == 2 * len(unit.block)
    assert 0 not in unit.block + unit.fresh


def test_a_drawn_sequence_is_tokenized_as_the_shipped_ones_are():
    shipped = repeated_tokens(lengths=(5,), sequences=2).tokenize(TOKENIZER)
    units = [
        RepeatedSequence(tuple(clean[1:6].tolist()), tuple(fresh[6:].tolist()))
        for clean, fresh in zip(shipped.tokens["clean"], shipped.tokens["corrupt"], strict=True)
    ]
    drawn = as_prompts(units).tokenize(TOKENIZER)
    for side in ("clean", "corrupt"):
        assert all(map(same, drawn.tokens[side], shipped.tokens[side]))
        assert all(map(same, drawn.targets[side], shipped.targets[side]))
    assert drawn.pairs.keys() == shipped.pairs.keys()
    assert all(all(map(same, drawn.pairs[name], shipped.pairs[name])) for name in drawn.pairs)


def same(one, other):
    return one.tolist() == other.tolist()


@QUICK
@given(ioi_prompts())
def test_indirect_objects_are_the_shipped_ones(prompt):
    PromptSet.from_list([prompt], cluster_by="template")
    io, subject = prompt.answer[1:], prompt.foil[1:]
    assert prompt.text.count(io) == 1
    assert prompt.text.count(subject) == 2
    assert prompt.corrupt.count(io) == 2
    assert set(prompt.positions) == {"IO", "S1", "S1+1", "S2"}


def test_few_draws_of_indirect_objects_are_the_same_prompt():
    drawn = Generation(ioi_prompts(), seed=0, examples=200, database=None).drawn()
    assert len(drawn) > 170


def test_the_other_corruption_has_three_strangers():
    prompt = simplest(ioi_prompts(corruption="abc"))
    assert prompt.answer[1:] not in prompt.corrupt
    assert prompt.foil[1:] not in prompt.corrupt
    with pytest.raises(PromptError, match="no corruption"):
        ioi_prompts(corruption="bac")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_antonyms_are_those_of_the_language(language):
    shipped = antonyms(language).prompts
    assert simplest(antonym_prompts(language)) == shipped[0]
    assert find(antonym_prompts(language), lambda p: p == shipped[-1]) == shipped[-1]
    with pytest.raises(PromptError, match="no words in"):
        antonym_prompts("tlh")


def test_templates_are_filled_with_slots_that_may_go_together():
    strategy = from_templates(
        ["{a} likes {b}, so {a} gives {b} a {thing} of", "A {thing} from {a} for"],
        {("a", "b"): [("Ann", "Bob"), ("Cy", "Di")], "thing": ["ring", "drum"]},
        answer=" {b}",
        foil=" {a}",
        corrupt={"a": "{b}"},
        positions={"giver": "{a}"},
        language="en",
    )
    first = simplest(strategy)
    assert first.text == "Ann likes Bob, so Ann gives Bob a ring of"
    assert first.corrupt == "Bob likes Bob, so Bob gives Bob a ring of"
    assert (first.answer, first.foil) == (" Bob", " Ann")
    assert first.positions == {"giver": "Ann"}
    assert first.clusters == {"template": "template/1"}
    other = find(strategy, lambda p: p.text.endswith("drum from Cy for"))
    assert other.clusters == {"template": "template/2"}


@pytest.mark.parametrize(
    ("templates", "slots", "more", "message"),
    [
        ([], {"a": ["x"]}, {}, "at least one template"),
        (["{a}"], {"a": []}, {}, "no fillings"),
        (["{b}"], {"a": ["x"]}, {}, "no slot; there are: a"),
        (["{a}"], {"a": ["x"]}, {"answer": " {b}"}, "no slot"),
        (["{a}"], {"a": ["x"]}, {"positions": {"end": "{c}"}}, "no slot"),
    ],
)
def test_templates_that_cannot_be_filled_are_refused(templates, slots, more, message):
    with pytest.raises(PromptError, match=message):
        from_templates(templates, slots, **more)


def test_the_simplest_tokens_are_few_and_come_first():
    assert simplest(token_sequences(TOKENIZER, shortest=2)) == TokenSequence((1, 1))
    assert simplest(repeated_sequences(TOKENIZER)).block == (1, 2, 3)


@pytest.mark.parametrize(
    "lengths", [{"shortest": 2}, {"shortest": 9, "longest": 5}, {"longest": 40}]
)
def test_lengths_that_cannot_be_are_refused(lengths):
    with pytest.raises(PromptError, match="longest="):
        repeated_sequences(TOKENIZER, **lengths)


def test_sequences_longer_than_the_context_are_dropped():
    short, long = TokenSequence((1, 2)), TokenSequence((1,) * 99)
    tokenized = as_prompts([long, short]).tokenize(TOKENIZER)
    assert tokenized.kept.tolist() == [1]
    assert "99" not in tokenized.dropped[0]
    assert "100 tokens, more than the context" in tokenized.dropped[0]
    with pytest.raises(TokenError, match="no sequence fits"):
        as_prompts([long]).tokenize(TOKENIZER)


def test_units_read_as_text():
    assert reading(TokenSequence((1, 2)), TOKENIZER) == "' w1 w2'"
    assert reading(RepeatedSequence((1, 2), (3, 4)), TOKENIZER).startswith("' w1 w2| w1 w2'")
