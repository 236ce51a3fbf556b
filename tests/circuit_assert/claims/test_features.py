"""Feature claims put together, on residual streams made by hand; planted models test the rest."""

from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest

from circuit_assert import antonyms, feature_is_multilingual, synonyms
from circuit_assert.claims.direction_peers import MovesMore, Peers, SeparatesMore, unrelated_part
from circuit_assert.claims.matched_pairs import matched_pairs
from circuit_assert.claims.quantities import CannotTell
from circuit_assert.claims.separations import Axis, Leak, MovedChoice, Preference, Separation
from circuit_assert.components import Direction, Site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import LogitDifference, Residual
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_operations,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.session import Session

D = 20
HEAD = np.eye(D)[0]
TOKENIZER = languages_model("shared").tokenizer
ENGLISH = planted_antonyms("en"), planted_synonyms("en")
AXIS = Axis(Direction(Site(0, "resid_post"), *ENGLISH))
FRENCH = matched_pairs((planted_antonyms, planted_synonyms), "fr", None)
CHINESE = matched_pairs((planted_antonyms, planted_synonyms), "zh", None)
UNRELATED = unrelated_part(planted_unrelated())


class Scores:
    """Streams with a plain answer: `strength` along the first axis, then noise of the template's.

    The model's choice is the stream's part along `reads`.
    """

    def __init__(self, strength=None, *, reads=HEAD, noise=0.3, marks=None):
        self.strength = {"en": 3.0, "fr": 3.0, "zh": 3.0} if strength is None else strength
        self.reads, self.noise, self.marks = reads, noise, marks or {}
        self.asked = []

    def tokenized(self, prompts):
        return prompts.tokenize(TOKENIZER)

    def stream(self, prompt):
        kind = prompt.clusters["template"].split("/")[0]
        sign = {"antonym": 1.0, "synonym": -1.0}.get(kind, 0.0)
        drawn = self.noise * np.random.default_rng(crc32(prompt.text.encode())).normal(size=D)
        own = self.marks.get(prompt.clusters["concept"], np.zeros(D))
        return drawn + sign * (self.strength.get(prompt.language, 0.0) * HEAD + own)

    def __contains__(self, request):
        self.asked.append(request)
        return True

    def __getitem__(self, request):
        prompts = request.on.prompts
        streams = np.stack([self.stream(p) for p in prompts])
        if isinstance(request.measurement, Residual):
            return streams
        assert isinstance(request.measurement, LogitDifference)
        if request.under is not None:
            streams = streams + request.under.vectors
        own = np.array([1.0 if "antonym" in p.clusters["template"] else -1.0 for p in prompts])
        return own * (streams @ self.reads)


# --- the parts ---------------------------------------------------------------------------------


def test_a_shared_direction_separates_and_an_absent_one_does_not():
    shared = Separation(AXIS, FRENCH).measured(Scores())
    absent = Separation(AXIS, FRENCH).measured(Scores({"en": 3.0}))
    assert shared.values.mean() > 20
    assert abs(absent.values.mean()) < 1
    assert set(shared.clusters) == {"concept", "template"}
    assert [len(set(ids)) for ids in shared.clusters.values()] == [20, 16]


def test_a_reversed_direction_separates_the_other_way():
    assert Separation(AXIS, FRENCH).measured(Scores({"en": 3.0, "fr": -3.0})).values.mean() < -20


def test_what_only_the_own_concept_shows_is_not_a_separation():
    """Every concept is told apart along an axis of its own, and English by nothing else."""
    own = {f"concept {n}": 5 * np.eye(D)[n] for n in range(20)}
    values = Separation(AXIS, FRENCH).measured(Scores({}, marks=own, noise=0.01)).values
    assert abs(values.mean()) < 3
    leaky = Scores({}, marks=own, noise=0.01)
    whole = AXIS.numbers(leaky).whole
    streams = leaky[AXIS.at(FRENCH.prompts)] @ whole
    assert (streams[: FRENCH.size] - streams[FRENCH.size :]).mean() > 2


def test_preference_is_over_both_conditions():
    """A model that prefers one kind of word whatever is asked has no preference."""
    scores = Scores(noise=0.0)
    assert Preference(FRENCH).measured(scores).values == pytest.approx(np.full(320, 3.0))
    biased = Scores({"fr": 0.0}, noise=0.0, marks={})
    biased.stream = lambda prompt: 7 * HEAD
    assert Preference(FRENCH).measured(biased).values == pytest.approx(np.zeros(320))


def test_a_move_ends_at_the_other_conditions_mean_and_takes_the_preference_along():
    scores = Scores(noise=0.0)
    choice = MovedChoice(AXIS, FRENCH)
    vectors = choice.vectors(scores)
    assert vectors[: FRENCH.size] == pytest.approx(np.tile(-6 * HEAD, (320, 1)))
    assert vectors[FRENCH.size :] == pytest.approx(np.tile(6 * HEAD, (320, 1)))
    assert choice.measured(scores).values == pytest.approx(np.full(320, 6.0))


def test_a_direction_that_the_model_does_not_read_moves_nothing():
    other = np.eye(D)[5]
    values = MovedChoice(AXIS, FRENCH).measured(Scores(reads=other, noise=0.0)).values
    assert values == pytest.approx(np.zeros(320))


def test_a_direction_read_the_wrong_way_round_has_a_negative_effect():
    assert MovedChoice(AXIS, FRENCH).measured(Scores(reads=-HEAD)).values.mean() < -4


def test_no_projection_moves_beyond_the_other_mean():
    scores = Scores({"en": 3.0, "fr": 0.2}, noise=1.0)
    moves, along = MovedChoice(AXIS, FRENCH).moves(scores)
    streams = scores[AXIS.at(FRENCH.prompts)]
    before = np.einsum("ud,ud->u", streams, along)
    after = before + moves
    means = before[: FRENCH.size].mean(), before[FRENCH.size :].mean()
    slack = 0.2  # the means that are moved to leave a concept out
    toward, away = after[: FRENCH.size], after[FRENCH.size :]
    unmoved = moves == 0
    assert 0.2 < unmoved.mean() < 0.8
    assert (toward[~unmoved[: FRENCH.size]] > means[1] - slack).all()
    assert (away[~unmoved[FRENCH.size :]] < means[0] + slack).all()


def test_a_leak_is_a_share_of_the_directions_own_length():
    """Operations half as far apart along it as antonyms and synonyms in English."""
    first, second = planted_operations()
    pairs = matched_pairs((first, second), "en", None)
    scores = Scores(noise=0.0)
    plain = scores.stream
    scores.stream = lambda p: (
        1.5 * HEAD * (1 if "colour" in p.clusters["template"] else -1)
        if p.clusters["template"].split("/")[0] in ("colour", "number")
        else plain(p)
    )
    assert Leak(AXIS, pairs).measured(scores).values == pytest.approx(np.full(320, 0.5))
    assert Leak(AXIS, pairs).measured(Scores(noise=0.0)).values == pytest.approx(np.zeros(320))


# --- matched directions ------------------------------------------------------------------------


def test_a_strong_direction_ranks_above_the_matched_ones():
    found = SeparatesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE)).answer(Scores(), 0.01)
    assert found.holds
    assert found.p_value == pytest.approx(1 / 201)


def test_a_direction_absent_from_one_language_does_not():
    scores = Scores({"en": 3.0, "fr": 3.0})
    found = SeparatesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE)).answer(scores, 0.01)
    assert found.holds is False


def test_a_rank_needs_enough_matched_directions():
    found = SeparatesMore(Peers(AXIS, UNRELATED, pairs=40), (FRENCH,)).answer(Scores(), 0.01)
    assert found.holds is None
    assert "80 matched directions are too few" in found.words


def test_moves_rank_above_those_along_matched_directions_of_equal_norm():
    asked = MovesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE))
    scores = Scores()
    assert asked.answer(scores, 0.01).holds
    shifts = [r.under.vectors for r in asked.needs(scores) if r.under and len(r.on) == 16]
    assert len(shifts) >= 200
    lengths = np.linalg.norm(shifts, axis=2)
    assert lengths[:200] == pytest.approx(np.tile(lengths[0], (200, 1)), rel=1e-5)


def test_a_model_that_reads_everything_is_moved_as_much_by_matched_directions():
    """What the model reads is not the direction but what unrelated templates differ by."""
    asked = MovesMore(Peers(AXIS, UNRELATED), (FRENCH,))
    other = asked.peers.numbers(Scores())[3]
    assert asked.answer(Scores(reads=other + 0.01 * HEAD), 0.01).holds is False


def test_the_language_that_is_moved_least_decides():
    """In Chinese the conditions lie at one place, so that there is next to nothing to move."""
    asked = MovesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE))
    both, french = Scores(reads=HEAD + 0.1), Scores({"en": 3.0, "fr": 3.0}, reads=HEAD + 0.1)
    assert asked.answer(french, 0.01).effect < 0.1 * asked.answer(both, 0.01).effect


def test_a_matched_direction_that_fails_in_one_language_is_not_asked_in_the_next():
    asked = MovesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE))
    few = [r for r in asked.needs(Scores()) if r.under is not None and len(r.on) == 16]
    by_language = [[r for r in few if r.on.prompts[0].language == name] for name in ("fr", "zh")]
    assert len(by_language[0]) == 200
    assert by_language[1] == []


def test_leaving_such_directions_out_changes_no_rank():
    scores = Scores({"en": 3.0, "fr": 0.6, "zh": 0.4}, reads=np.full(D, 0.3) + HEAD, noise=1.0)
    asked = MovesMore(Peers(AXIS, UNRELATED), (FRENCH, CHINESE))
    every = np.arange(200)
    smallest = np.minimum(*(asked._effects(p, scores, every) for p in (FRENCH, CHINESE)))
    observed = asked._observed(scores)
    reached = int((smallest >= observed).sum())
    assert asked.answer(scores, 0.01).p_value == pytest.approx((1 + reached) / 201)


def test_unrelated_prompts_keep_a_few_concepts_in_every_template():
    cells = {(p.clusters["concept"], p.clusters["template"]) for p in UNRELATED}
    concepts, templates = ({cell[i] for cell in cells} for i in (0, 1))
    assert (len(concepts), len(templates)) == (8, 48)
    assert len(cells) == len(UNRELATED) == 8 * 48


def test_too_few_unrelated_templates_are_refused():
    few = planted_unrelated().where(lambda p: int(p.clusters["template"].split("/")[-1]) < 40)
    with pytest.raises(ClaimError, match="at least 40 unrelated templates"):
        unrelated_part(few)


# --- shared words ------------------------------------------------------------------------------


def marked(pairs, **clusters):
    """The same pairs, with cluster ids of the first half of their concepts replaced."""
    concepts = sorted({p.clusters["concept"] for p in pairs.prompts})[:3]
    prompts = tuple(
        replace(p, clusters={**p.clusters, **clusters}) if p.clusters["concept"] in concepts else p
        for p in pairs.prompts
    )
    return replace(pairs, prompts=replace(pairs.prompts, prompts=prompts))


def test_cognates_are_left_out():
    pairs = marked(FRENCH, cognate="yes")
    kept = Separation(AXIS, pairs, without_shared_words=True).measured(Scores())
    assert len(kept.values) == 17 * 16
    assert len(Separation(AXIS, pairs).measured(Scores()).values) == 320
    assert "48 of 320 pairs" in kept.notes[0]


def test_pairs_whose_words_the_direction_was_made_with_are_left_out():
    """English prompts against themselves: every word is shared."""
    english = matched_pairs((planted_antonyms, planted_synonyms), "en", None)
    with pytest.raises(CannotTell, match="0 concepts"):
        Separation(AXIS, english, without_shared_words=True).measured(Scores())


def test_english_templates_with_the_same_operation_word_are_left_out():
    """The direction of those templates only that ask in other words."""
    pairs = replace(FRENCH, prompts=rooted(FRENCH.prompts, "antonym", lambda number: True))
    axis = Axis(
        Direction(
            Site(0, "resid_post"),
            rooted(ENGLISH[0], "antonym", lambda number: number > 4),
            ENGLISH[1],
        )
    )
    scores = Scores()
    plain = scores.stream
    scores.stream = lambda p: (
        plain(p)
        + (9 * np.eye(D)[4] if p.clusters["root"] == "antonym" and p.language == "en" else 0)
    )
    with_all = axis.numbers(scores).whole
    left = Separation(axis, pairs, without_shared_words=True)
    assert abs(with_all[4]) > 0.5
    assert (
        left.measured(scores).values.mean() > Separation(axis, pairs).measured(scores).values.mean()
    )


def test_too_few_english_templates_without_the_word_cannot_tell():
    pairs = replace(FRENCH, prompts=rooted(FRENCH.prompts, "antonym", lambda number: True))
    axis = Axis(
        Direction(
            Site(0, "resid_post"),
            rooted(ENGLISH[0], "antonym", lambda number: number > 2),
            ENGLISH[1],
        )
    )
    with pytest.raises(CannotTell, match="only 2 templates"):
        Separation(axis, pairs, without_shared_words=True).measured(Scores())


def rooted(prompts, root, chosen):
    """The same prompts, the root of their operation's word set where `chosen(number)`."""
    changed = tuple(
        replace(p, clusters={**p.clusters, "root": root})
        if chosen(int(p.clusters["template"].split("/")[-1]))
        else p
        for p in prompts
    )
    return replace(prompts, prompts=changed)


# --- the claim ---------------------------------------------------------------------------------


@pytest.fixture
def opposite():
    model = Session().model("gemma-3-270m")
    return model.direction(antonyms("en"), versus=synonyms("en"), at="L9.resid_post")


def test_the_sentence_says_latin_script_without_another_script(opposite):
    made = feature_is_multilingual(opposite, on=antonyms, languages=["fr", "es"])
    assert made.sentence == (
        "antonyms(en) − synonyms(en) at L9.resid_post is one feature across Latin-script languages "
        "(fr, es) in gemma-3-270m"
    )


def test_the_sentence_does_not_with_one_and_says_the_bound(opposite):
    made = feature_is_multilingual(opposite, on=antonyms, languages=["fr", "zh"], by=0.8)
    assert "across languages and scripts (fr, zh), 0.8 standard deviations apart," in made.sentence


def test_every_language_has_its_gate_and_two_criteria(opposite):
    made = feature_is_multilingual(opposite, on=antonyms, languages=["fr", "de", "zh"])
    roles = [role for role, _ in made.body.leaves()]
    assert [roles.count(role) for role in ("gate", "primary", "guard")] == [3, 6, 3 + 3]


def test_another_bound_or_language_is_another_claim(opposite):
    claims = [
        feature_is_multilingual(opposite, on=antonyms, languages=languages, by=by)
        for languages in (["fr"], ["es"])
        for by in (0.0, 0.8)
    ]
    assert len({made.id for made in claims}) == 4


def test_the_languages_of_prompt_sets_are_claimed_by_default(opposite):
    made = feature_is_multilingual(opposite, on=(antonyms("it", "ja"), synonyms("it", "ja")))
    assert "(it, ja)" in made.sentence


def test_the_directions_own_language_is_refused(opposite):
    with pytest.raises(ClaimError, match="made of en and claimed for fr, en"):
        feature_is_multilingual(opposite, on=antonyms, languages=["fr", "en"])


def test_a_head_is_refused():
    with pytest.raises(ValueError, match="about one direction"):
        feature_is_multilingual(Session().model("gemma-3-270m")["L5H1"], languages=["fr"])
