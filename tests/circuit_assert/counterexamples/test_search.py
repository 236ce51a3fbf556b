"""Searches on planted models: what can be found is found, small; what cannot is not."""

import itertools

import pytest
from hypothesis import strategies

from circuit_assert import (
    Prompt,
    attention_to,
    contrast,
    find_counterexample,
    from_templates,
    logit_difference,
    loss,
    on_one_prompt,
    prefix_matching_score,
    repeated_sequences,
    token_sequences,
)
from circuit_assert.claims.criteria import Criterion
from circuit_assert.components import Head
from circuit_assert.counterexamples.drawn import TokenSequence
from circuit_assert.counterexamples.trial import Trial
from circuit_assert.errors import ClaimError, PromptError
from circuit_assert.interventions import Ablation
from circuit_assert.models.planted_models.induction import FIXED_BLOCK
from circuit_assert.models.planted_models.lookup import CUES
from circuit_assert.stats.region import above, below

TEMPLATES = ["word0 mark0 {cue} word1", "mark{mark} {cue} word1 word2"]
SLOTS = {
    ("cue", "right", "wrong"): [(f"cue{n}", f"answer{n}", f"foil{n}") for n in range(CUES)],
    "mark": [str(n) for n in range(6)],
}


def pattern(model, head, region):
    return on_one_prompt(prefix_matching_score(model[head]), region)


def lookups():
    return from_templates(TEMPLATES, SLOTS, answer=" {right}", foil=" {wrong}")


def one_length(model):
    """Sequences of one length, so that a batch is a run."""
    return repeated_sequences(model, shortest=5, longest=5)


@pytest.fixture
def prefers(lookup):
    """False of prompts with a quiet cue or marker: of one in six that can be drawn."""
    return on_one_prompt(logit_difference(lookup), above(4.6))


@pytest.fixture
def never_inductive(model):
    """False of the head with a fixed offset, at one block length only."""
    return pattern(model, "L1H3", below(0.4))


@pytest.fixture
def near_the_fixed_block(model):
    return repeated_sequences(model, shortest=FIXED_BLOCK - 2, longest=FIXED_BLOCK + 1)


def test_the_one_block_length_that_breaks_a_claim_is_found_and_shrunk(
    never_inductive, near_the_fixed_block, database
):
    found = find_counterexample(never_inductive, near_the_fixed_block, seed=1, database=database)

    assert found.prompt.block == tuple(range(1, FIXED_BLOCK + 1))
    assert found.score > 0.9
    assert found.first != found.text


def test_what_is_true_on_every_prompt_has_no_counterexample(model, database):
    claim = pattern(model, "L1H0", above(0.4))
    assert find_counterexample(claim, repeated_sequences(model), database=database) is None


def test_the_shortest_sequence_is_the_smallest(model, database):
    claim = pattern(model, "L0H0", above(0.4))
    found = find_counterexample(claim, repeated_sequences(model), seed=2, database=database)
    assert found.prompt.block == (1, 2, 3)


def test_no_single_change_makes_a_shrunk_prompt_smaller(lookup, database):
    bound = 4.6
    claim = on_one_prompt(logit_difference(lookup), above(bound))
    found = find_counterexample(claim, lookups(), seed=3, database=database)

    scores = lookup_scores(lookup)
    template, cue, mark = place_of(found.prompt)
    assert scores[template, cue, mark] == pytest.approx(found.score, abs=1e-4)
    assert found.score < bound
    smaller = [
        *((template, c, mark) for c in range(cue)),
        *((template, cue, m) for m in range(mark)),
    ]
    assert all(scores[place] > bound for place in smaller)
    assert any(score > bound for score in scores.values())


def lookup_scores(lookup):
    """The logit difference of every prompt that the strategy can draw."""
    from circuit_assert import PromptSet

    places = list(itertools.product(range(len(TEMPLATES)), range(CUES), range(6)))
    prompts = [
        Prompt(TEMPLATES[t].format(cue=f"cue{c}", mark=m), answer=f" answer{c}", foil=f" foil{c}")
        for t, c, m in places
    ]
    criterion = on_one_prompt(logit_difference(lookup), above(0.0))(PromptSet.from_list(prompts))
    return dict(zip(places, lookup.explore()(criterion.quantity).values, strict=True))


def place_of(prompt):
    cue = int(prompt.answer.removeprefix(" answer"))
    template = int(prompt.clusters["template"].removeprefix("template/")) - 1
    mark = int(prompt.text.split()[0].removeprefix("mark")) if template else 0
    return template, cue, mark


def test_the_same_seed_finds_the_same(prefers, database):
    first, again = (
        find_counterexample(prefers, lookups(), seed=7, database=database) for _ in range(2)
    )
    assert first == again


def test_the_seed_that_is_printed_finds_it_again(prefers, database):
    found = find_counterexample(prefers, lookups(), database=database)
    again = find_counterexample(prefers, lookups(), seed=found.seed, database=database)
    assert again == found


def test_other_seeds_draw_other_prompts(prefers, database):
    first, other = (
        find_counterexample(prefers, lookups(), seed=seed, database=database) for seed in (1, 2)
    )
    assert first.first != other.first


def test_a_kept_counterexample_is_tried_before_anything_is_drawn(prefers, database, runs):
    found = find_counterexample(prefers, lookups(), database=database)
    runs.clear()

    again = find_counterexample(prefers, lookups(), database=database)

    assert again.prompt == found.prompt
    assert (again.tried, again.alone, again.seed) == (0, 1, None)
    assert len(runs) == 1


def test_another_claim_does_not_see_what_one_has_kept(
    model, never_inductive, near_the_fixed_block, database, runs
):
    find_counterexample(never_inductive, near_the_fixed_block, database=database)
    runs.clear()

    true = pattern(model, "L1H0", above(0.4))
    find_counterexample(true, one_length(model), examples=50, database=database)

    assert len(runs) == 1


def test_what_was_kept_and_holds_by_now_is_forgotten(model, database, runs):
    def claim(bound):
        made = pattern(model, "L0H0", above(bound))
        return lambda on: Criterion(
            "pattern", made(on).quantity, above(bound, "enough"), "pattern", "attention", model
        )

    def above(bound, words=""):
        from circuit_assert.stats.region import Region

        return Region(bound, float("inf"), words)

    assert find_counterexample(claim(0.4), one_length(model), seed=0, database=database)
    assert find_counterexample(claim(-1.0), one_length(model), database=database) is None
    runs.clear()
    assert find_counterexample(claim(-1.0), one_length(model), database=database) is None
    assert len(runs) == 4  # of 64 prompts each, and none alone


def test_a_search_that_finds_nothing_takes_a_run_for_a_batch(model, database, runs):
    claim = pattern(model, "L1H0", above(0.4))
    assert find_counterexample(claim, one_length(model), examples=200, database=database) is None
    assert len(runs) == 4

    runs.clear()
    find_counterexample(claim, one_length(model), examples=200, batch=200, database=database)
    assert len(runs) == 1


def test_no_run_is_made_but_for_batches_and_shrinking(model, database, runs):
    claim = pattern(model, "L1H0", above(0.995))
    found = find_counterexample(claim, one_length(model), seed=1, batch=50, database=database)

    assert found.tried % 50 == 0
    assert len(runs) == found.tried // 50 + found.alone


def test_what_passed_in_a_batch_is_not_measured_alone(
    never_inductive, near_the_fixed_block, database, monkeypatch
):
    alone, together = [], []
    monkeypatch.setattr(Trial, "_scores", recorded(Trial._scores, alone, together))

    found = find_counterexample(never_inductive, near_the_fixed_block, seed=1, database=database)

    assert len(together[0].block) != FIXED_BLOCK
    assert (len(together), len(alone)) == (found.tried, found.alone)
    assert {len(unit.block) for unit in alone if unit in together} == {FIXED_BLOCK}


def recorded(measure, alone, together):
    def scores(trial, units):
        (alone if len(units) == 1 else together).extend(units)
        return measure(trial, units)

    return scores


def test_a_search_leaves_no_scores_behind(model, database):
    claim = pattern(model, "L1H0", above(0.4))
    find_counterexample(claim, one_length(model), database=database)
    (known,) = model.court._known.values()
    assert not known.executor.store.scores


def test_tokens_are_searched_too(model, database):
    claim = on_one_prompt(loss(model), below(4.0))
    strategy = token_sequences(model, shortest=2, longest=6)
    found = find_counterexample(claim, strategy, seed=1, database=database)
    assert isinstance(found.prompt, TokenSequence)
    assert found.score >= 4.0


def test_any_function_of_prompts_is_a_claim(model, database):
    def gains(on):
        return contrast(prefix_matching_score(model["L0H0"]), versus="corrupt", on=on, by=0.4)

    found = find_counterexample(gains, repeated_sequences(model), seed=1, database=database)
    assert found.score < 0.4
    assert "minus the same on the corrupt side" in str(found)


def test_an_intervention_that_moves_nothing_alone_is_no_counterexample(lookup, database):
    probe = logit_difference(lookup).with_intervention(Ablation((Head(1, 0),), "zero"))
    claim = on_one_prompt(probe, below(100.0))
    assert find_counterexample(claim, lookups(), examples=30, database=database) is None


def test_prompts_that_do_not_fit_are_neither_tried_nor_found(lookup, database):
    lengths = ["word1", "word1 " * 40 + "word1"]  # the second is longer than the context
    slots = {"words": lengths, ("c", "a", "f"): SLOTS["cue", "right", "wrong"]}
    strategy = from_templates(["mark1 {words} {c}"], slots, answer=" {a}", foil=" {f}")
    claim = on_one_prompt(logit_difference(lookup), above(100.0))

    found = find_counterexample(claim, strategy, seed=0, database=database)

    assert "word1 word1" not in found.prompt.text
    assert 0 < found.tried < 48


def test_the_message_says_what_failed_and_how_to_see_it_again(
    never_inductive, near_the_fixed_block, database
):
    found = find_counterexample(never_inductive, near_the_fixed_block, seed=1, database=database)
    lines = str(found).splitlines()

    assert lines[0] == (
        "attention to the token after of L1H3 is not below +0.40 on every prompt in "
        "planted-induction:"
    )
    assert lines[1].startswith("    ' w1 w2 w3")
    assert lines[2].startswith("score   +1.00 attention, claimed below +0.40")
    assert lines[3].startswith("shrunk  from ' w")
    assert lines[-1] == "seed    1; seed=1 finds it again"


def test_a_kept_one_says_so(prefers, database):
    for _ in range(2):
        found = find_counterexample(prefers, lookups(), database=database)
    assert str(found).endswith("kept    by an earlier search, in the example database")


def test_units_of_two_kinds_are_refused(model, database):
    mixed = strategies.one_of(
        repeated_sequences(model, longest=4), token_sequences(model, longest=4)
    )
    with pytest.raises(PromptError, match="one kind"):
        find_counterexample(pattern(model, "L1H0", above(0.4)), mixed, seed=0, database=database)


def test_other_values_are_refused(model):
    with pytest.raises(PromptError, match="gave int"):
        find_counterexample(pattern(model, "L1H0", above(0.4)), strategies.integers())


def test_a_claim_about_no_model_is_refused(model, database):
    def claim(on):
        quantity = attention_to(model["L1H0"], "IO").on(on)
        return Criterion("nobody's", quantity, above(0.0), "nobody's", "attention")

    with pytest.raises(ClaimError, match="about no model"):
        find_counterexample(claim, one_length(model), database=database)
