"""AUROC against its definition by pairs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuit_assert.stats import auroc, within_group_auroc

UNITS = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 2)), max_size=25)


def pairs(scores, labels):
    """Half-win counts of all (positive, negative) pairs."""
    positive = [s for s, y in zip(scores, labels, strict=True) if y]
    negative = [s for s, y in zip(scores, labels, strict=True) if not y]
    return [float(p > n) + 0.5 * (p == n) for p in positive for n in negative]


@settings(deadline=None)
@given(UNITS)
def test_it_is_the_share_of_pairs_in_order(units):
    scores, labels, _ = zip(*units, strict=True) if units else ((), (), ())
    wins = pairs(scores, labels)
    expected = np.mean(wins) if wins else math.nan
    assert auroc(scores, labels) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None)
@given(UNITS)
def test_within_groups_only_pairs_of_one_group_count(units):
    scores, labels, groups = zip(*units, strict=True) if units else ((), (), ())
    wins = []
    for group in set(groups):
        inside = [i for i, g in enumerate(groups) if g == group]
        wins += pairs([scores[i] for i in inside], [labels[i] for i in inside])
    expected = np.mean(wins) if wins else math.nan
    assert within_group_auroc(scores, labels, groups) == pytest.approx(expected, nan_ok=True)


def test_a_score_that_only_tells_documents_apart_is_worth_nothing_within_them():
    document = np.repeat(np.arange(10), 20)
    label = np.random.default_rng(0).random(200) < 0.05 + 0.1 * document
    assert auroc(document, label) > 0.7
    assert within_group_auroc(document, label, document.tolist()) == 0.5


def test_a_score_that_is_not_finite_makes_it_nan():
    assert math.isnan(auroc([1, math.nan, 0], [1, 0, 0]))
    assert math.isnan(auroc([1, math.inf, 0], [1, 0, 0]))


@pytest.mark.parametrize(
    ("scores", "labels", "says"),
    [([1, 2], [1], "one per unit"), ([1, 2], [1, 2], "True or False")],
)
def test_wrong_use_is_loud(scores, labels, says):
    with pytest.raises(ValueError, match=says):
        auroc(scores, labels)


def test_groups_are_one_per_score():
    with pytest.raises(ValueError, match="1 groups for 2 scores"):
        within_group_auroc([1, 2], [0, 1], [0])
