import numpy as np
import pytest

from circuit_assert.claims.directions import (
    left_out,
    matched_directions,
    means_without,
    moves_to_the_other,
    separation,
    separation_by_pair,
)


def cross(concepts=6, templates=8, seed=0):
    """Concept and template names of a full cross, and a generator."""
    c = np.repeat([f"c{i}" for i in range(concepts)], templates)
    t = np.tile([f"t{i}" for i in range(templates)], concepts)
    return c, t, np.random.default_rng(seed)


# --- leaving a concept out ---------------------------------------------------------------------


def test_a_version_is_made_without_its_concept():
    concepts = np.array(["a", "b", "c"] * 2)
    toward = np.array([True] * 3 + [False] * 3)
    streams = np.zeros((6, 4))
    streams[:3] = np.eye(4)[:3]  # each concept points its own way
    made = left_out(streams, toward, concepts)
    assert made.without["a"][0] == 0.0
    assert made.without["a"] == pytest.approx([0, 0.5**0.5, 0.5**0.5, 0])
    assert made.whole == pytest.approx([3**-0.5] * 3 + [0])
    assert made.length == pytest.approx(3**-0.5)


def test_a_version_points_from_the_tail_to_the_head_and_its_origin_is_halfway():
    streams = np.array([[3.0, 1.0], [3.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    made = left_out(streams, np.array([True, True, False, False]), np.array(["a", "b"] * 2))
    assert made.whole == pytest.approx([1, 0])
    assert made.origin == pytest.approx([2, 1])
    assert made.project(streams, ["a"] * 4) == pytest.approx([1, 1, -1, -1])


def test_leaving_out_takes_away_what_only_the_concept_has():
    """A concept told apart by itself, and not by the others, does not lie apart."""
    streams = np.zeros((4, 3))
    toward = np.array([True, True, False, False])
    concepts = np.array(["told", "other"] * 2)
    streams[0] = [9, 0, 0]  # only "told" differs between the conditions, along the first axis
    streams[1] = [0, 1, 0]
    made = left_out(streams, toward, concepts)
    told = made.project(streams[[0, 2]], ["told", "told"])
    assert told[0] - told[1] == pytest.approx(0)
    assert np.dot(streams[0] - streams[2], made.whole) > 8


def test_an_unknown_concept_gets_the_whole_direction():
    streams = np.random.default_rng(0).normal(size=(8, 3))
    made = left_out(streams, np.arange(8) < 4, np.array(["a", "b", "c", "d"] * 2))
    assert made.rows(["new"])[0] == pytest.approx(made.whole)
    assert not np.allclose(made.rows(["a"])[0], made.whole)


# --- separation --------------------------------------------------------------------------------


def test_separation_is_the_distance_over_the_spread_of_template_means():
    """By hand: means 1, 3 and 0, 2; each condition's variance is 2."""
    toward = np.array([0.0, 2.0, 3.0, 3.0])[:, None]
    away = np.array([0.0, 0.0, 2.0, 2.0])[:, None]
    frames = np.array(["x", "x", "y", "y"])
    assert separation(toward, away, frames) == pytest.approx(1 / 2**0.5)


def test_separation_counts_templates_not_prompts():
    """More concepts in each template make no difference: the spread is that of the templates."""
    frames = np.array(["x", "y", "z"])
    toward, away = np.array([[2.0], [3.0], [4.0]]), np.array([[0.0], [1.0], [2.0]])
    once = separation(toward, away, frames)
    often = separation(np.tile(toward, (9, 1)), np.tile(away, (9, 1)), np.tile(frames, 9))
    assert once == pytest.approx(often)


def test_separation_has_a_sign():
    _, frames, rng = cross()
    toward, away = rng.normal(size=(48, 1)), rng.normal(size=(48, 1)) + 1
    ahead, behind = (
        separation(toward, away, frames).item(),
        separation(away, toward, frames).item(),
    )
    assert ahead < 0
    assert behind == pytest.approx(-ahead)


@pytest.mark.parametrize("by", [0.0, 0.8, 3.0])
def test_separation_by_pair_has_the_separation_as_its_mean(by):
    _, frames, rng = cross()
    toward, away = rng.normal(size=48) + 1, rng.normal(size=48)
    whole = separation(toward[:, None], away[:, None], frames).item()
    assert separation_by_pair(toward, away, frames, by).mean() == pytest.approx(whole)


def test_against_zero_separation_by_pair_is_the_difference_of_the_pair():
    _, frames, rng = cross()
    toward, away = rng.normal(size=48), rng.normal(size=48)
    values = separation_by_pair(toward, away, frames)
    assert np.corrcoef(values, toward - away)[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("by", [1.0, 3.0])
def test_the_interval_counts_the_error_of_the_spread(by):
    """At a true separation of `by`, the spread over samples is what the pairs' spread says."""
    rng = np.random.default_rng(1)
    frames = np.array([f"t{i}" for i in range(30)])
    found, claimed, naive = [], [], []
    for _ in range(400):
        toward, away = rng.normal(size=30) + by, rng.normal(size=30)
        values = separation_by_pair(toward, away, frames, by)
        found.append(values.mean())
        claimed.append(values.std(ddof=1) / 30**0.5)
        naive.append(separation_by_pair(toward, away, frames, 0.0).std(ddof=1) / 30**0.5)
    assert np.mean(claimed) == pytest.approx(np.std(found), rel=0.15)
    if by == 3.0:
        assert np.mean(naive) < 0.8 * np.std(found)


# --- moves -------------------------------------------------------------------------------------


def test_a_move_ends_at_the_other_mean():
    own = np.array([3.0, 5.0])
    assert own + moves_to_the_other(own, np.array([1.0, 1.0]), down=True) == pytest.approx([1, 1])


def test_a_move_never_goes_beyond_the_other_mean():
    own, target = np.array([3.0, 0.5, 1.0]), np.full(3, 1.0)
    assert moves_to_the_other(own, target, down=True).tolist() == [-2.0, 0.0, 0.0]
    assert moves_to_the_other(-own, -target, down=False).tolist() == [2.0, 0.0, 0.0]


def test_moves_of_the_two_conditions_point_at_each_other():
    rng = np.random.default_rng(0)
    own = rng.normal(size=50)
    assert (moves_to_the_other(own, np.zeros(50), down=True) <= 0).all()
    assert (moves_to_the_other(own, np.zeros(50), down=False) >= 0).all()


def test_the_other_mean_is_taken_without_the_own_concept():
    projections = np.array([[10.0, 10.0], [1.0, 1.0], [3.0, 3.0]])
    concepts = np.array(["a", "b", "b"])
    assert means_without(projections, concepts, ["a", "b"]).tolist() == [2.0, 10.0]


# --- matched directions ------------------------------------------------------------------------


def test_matched_directions_are_of_unit_norm_and_come_in_both_signs():
    streams = np.random.default_rng(0).normal(size=(60, 5))
    templates = np.repeat([f"t{i}" for i in range(12)], 5)
    directions = matched_directions(streams, templates, pairs=50)
    assert directions.shape == (100, 5)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(np.ones(100))
    assert np.array_equal(directions[:50], -directions[50:])


def test_matched_directions_are_differences_of_two_templates_and_no_pair_comes_twice():
    streams = np.eye(4)[np.repeat(range(4), 3)]
    directions = matched_directions(streams, np.repeat(list("abcd"), 3), pairs=99)
    assert len(directions) == 2 * 6
    assert all(sorted(np.round(d * 2**0.5)) == [-1, 0, 0, 1] for d in directions)
    assert len(np.unique(np.round(directions, 6), axis=0)) == 12


def test_matched_directions_do_not_depend_on_words_that_every_template_has():
    rng = np.random.default_rng(0)
    words = 100 * rng.normal(size=(3, 6))
    frames = rng.normal(size=(5, 6))
    streams = np.concatenate([words + frame for frame in frames])
    templates = np.repeat(list("abcde"), 3)
    plain = matched_directions(np.repeat(frames, 3, axis=0), templates, pairs=10)
    assert matched_directions(streams, templates, pairs=10) == pytest.approx(plain)


def test_templates_with_equal_means_have_no_direction_between_them():
    streams = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    directions = matched_directions(streams, np.array(["a", "b", "c"]), pairs=3)
    assert len(directions) == 4
    assert np.isfinite(directions).all()
