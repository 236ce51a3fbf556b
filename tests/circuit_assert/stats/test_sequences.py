"""Verdicts in a fixed order: the rules, and by simulation that both keep α without a correction."""

import numpy as np
import pytest

from circuit_assert.stats import Verdict
from circuit_assert.stats.region import above
from circuit_assert.stats.sample import Sample
from circuit_assert.stats.sequences import run_of, whole
from circuit_assert.stats.verdict import assess

S, R, I = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE  # noqa: E741
WANTED = [R, R, S, S]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([R, R, S, S], S),
        ([R, S, S, S], R),
        ([R, R, R, S], R),
        ([R, I, S, S], I),
        ([R, R, S, I], I),
        ([R, I, R, S], R),  # one is enough, whatever the others leave open
        ([I, I, I, I], I),
        ([S, S, R, R], R),
    ],
)
def test_the_whole(found, verdict):
    assert whole(found, WANTED) is verdict


@pytest.mark.parametrize(
    ("found", "wanted", "many"),
    [([S, S, R, S], S, 2), ([I, S, S], S, 0), ([R, R, I, R], R, 2), ([S, S], S, 2), ([], S, 0)],
)
def test_a_run_ends_at_the_first_that_is_not_so(found, wanted, many):
    assert run_of(found, wanted) == many


def test_nothing_after_that_is_asked_for():
    asked = iter([S, R, S])
    run_of(asked, S)
    assert list(asked) == [S]


# Checkpoints of which something is claimed to be above 0.4. Each is measured on 16 clusters, with
# the same prompts at each, so that what is found at one goes along with what is found at another.

ALPHA, BOUND, CLUSTERS, DRAWS = 0.05, 0.4, 16, 1500
CHANCE = 3 * np.sqrt(ALPHA * (1 - ALPHA) / DRAWS)  # what a right rule would exceed once in 700


def verdicts(effects, rng, shared=0.0, alpha=ALPHA):
    """At each checkpoint, for every draw: the verdict on "above the bound"."""
    effects = np.asarray(effects)
    common = rng.normal(size=(DRAWS, CLUSTERS, 1))
    own = rng.normal(size=(DRAWS, CLUSTERS, len(effects)))
    values = BOUND + effects + 0.1 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
    names = tuple(map(str, range(CLUSTERS)))
    return [
        [
            assess(Sample(drawn[:, one], {"prompt": names}), above(BOUND), alpha=alpha).verdict
            for one in range(len(effects))
        ]
        for drawn in values
    ]


@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize(
    "effects",
    [
        [-0.3, 0.0, 0.3, 0.3],  # there already where it is denied, as little as there can be
        [-0.3, -0.3, 0.0, 0.3],  # not yet there where it is claimed
        [-0.3, 0.0, 0.0, 0.3],  # both
    ],
)
def test_a_false_whole_is_supported_at_alpha_with_each_part_at_alpha(effects, shared):
    rng = np.random.default_rng(0)
    rate = np.mean([whole(each, WANTED) is S for each in verdicts(effects, rng, shared)])
    assert rate <= ALPHA + CHANCE
    if effects.count(0.0) == 1:
        assert rate > ALPHA / 2  # it is α, not a fraction of it: nothing is corrected in vain


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_a_true_whole_is_refuted_at_alpha_only_where_opposites_are_found_at_a_share(shared):
    at_bounds, rng = [0.0, 0.0, 0.0, 0.0], np.random.default_rng(1)
    share = ALPHA / len(WANTED)
    shared_out = verdicts(at_bounds, rng, shared, alpha=share)
    assert np.mean([whole(each, WANTED) is R for each in shared_out]) <= ALPHA + CHANCE
    if not shared:  # what would happen without
        each_at_alpha = verdicts(at_bounds, rng, shared)
        assert np.mean([whole(each, WANTED) is R for each in each_at_alpha]) > 2 * ALPHA


@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize(
    "effects",
    [
        [0.0, 0.0, 0.0, 0.0],
        [-0.3, 0.0, 0.0, 0.3],
        [-0.3, 0.0, 0.3, 0.3],
        [0.3, 0.0, 0.3, 0.3],
    ],
)
def test_of_a_run_from_the_last_one_false_support_is_at_most_alpha(effects, shared):
    """At the bound "above" is false: any support there is a false one."""
    found = verdicts(effects, np.random.default_rng(2), shared)
    wrong = [
        any(effect <= 0.0 for effect in effects[len(effects) - run_of(each[::-1], S) :])
        for each in found
    ]
    assert np.mean(wrong) <= ALPHA + CHANCE


def test_without_the_order_it_would_be_more():
    found = verdicts([0.0] * 4, np.random.default_rng(3))
    assert np.mean([S in each for each in found]) > 2 * ALPHA
