"""Max-T: what holds for a whole family at once, by simulation and by hand."""

import math

import numpy as np
import pytest

from circuit_assert.stats import simultaneous
from circuit_assert.stats.bootstrap import BootstrapTail, resamples_for

MEMBERS, TRIALS = 12, 200


def at_most(rate, n):
    """The most hits in n that a true rate of at most `rate` leaves believable, as a share."""
    return rate + 4 * math.sqrt(rate * (1 - rate) / n)


def normal(rng, k):
    return rng.normal(size=(k, MEMBERS))


def dependent(rng, k):
    return 0.7 * rng.normal(size=(k, MEMBERS)) + 0.7 * rng.normal(size=(k, 1))


def skewed(rng, k):
    return rng.exponential(size=(k, MEMBERS)) - 1


def clusters(k):
    return {"template": list(range(k))}


@pytest.mark.parametrize("draw", [normal, dependent, skewed])
@pytest.mark.parametrize("k", [20, 40])
def test_the_family_is_wrong_about_any_member_at_most_as_often_as_promised(draw, k):
    rng = np.random.default_rng([k, len(draw.__name__)])
    families = [simultaneous(draw(rng, k), clusters(k)) for _ in range(TRIALS)]  # all at nought
    wrong = np.array(
        [
            (
                (family.p_above(0.0) <= 0.05).any(),
                (family.lower(0.05) >= 0).any(),
                (family.upper(0.05) <= 0).any(),
            )
            for family in families
        ]
    )
    assert (wrong.mean(0) <= at_most(0.05, TRIALS)).all()
    assert (wrong[:, 0] == wrong[:, 1]).all()  # the p-value and the bound are one decision


def test_unadjusted_bounds_would_be_wrong_of_some_member_far_more_often():
    rng = np.random.default_rng(0)
    wrong = [
        any(
            simultaneous(member[:, None], clusters(20)).p_above(0.0)[0] <= 0.05 for member in family
        )
        for family in (normal(rng, 20).T for _ in range(60))
    ]
    assert np.mean(wrong) > 0.25


def test_true_members_are_found_beside_false_ones():
    values = np.random.default_rng(1).normal(size=(24, MEMBERS)) * 0.1
    values[:, 3] += 0.3
    family = simultaneous(values, clusters(24))
    assert family.p_above(0.0)[3] <= 0.01
    assert (np.delete(family.p_above(0.0), 3) > 0.05).all()


def test_members_that_are_the_same_cost_nothing():
    one = np.random.default_rng(2).normal(size=(24, 1))
    alone, twelve = (simultaneous(np.repeat(one, n, 1), clusters(24)) for n in (1, MEMBERS))
    assert twelve.upper(0.01)[0] == pytest.approx(alone.upper(0.01)[0])
    assert twelve.p_above(0.5)[0] == pytest.approx(alone.p_above(0.5)[0])


def test_a_family_of_one_is_the_bootstrap_t():
    values = np.random.default_rng(3).exponential(size=24)
    alone = simultaneous(values[:, None], clusters(24))
    bootstrap = BootstrapTail(values, resamples_for(0.01))
    assert alone.lower(0.01)[0] == pytest.approx(bootstrap.lower(0.01))
    assert alone.p_above(0.5)[0] == bootstrap.p_above(0.5)


def test_the_order_of_units_does_not_matter():
    values = np.random.default_rng(8).normal(size=(24, 3))
    there, back = (simultaneous(v, clusters(24)) for v in (values, values[::-1]))
    np.testing.assert_allclose(there.upper(0.01), back.upper(0.01))


def test_units_of_a_cluster_count_once():
    means = np.random.default_rng(4).normal(size=(24, 3))
    many = simultaneous(np.repeat(means, 5, 0), {"template": np.repeat(range(24), 5).tolist()})
    np.testing.assert_allclose(many.upper(0.01), simultaneous(means, clusters(24)).upper(0.01))


def test_a_member_that_does_not_vary_is_not_bounded():
    values = np.random.default_rng(5).normal(size=(24, 3)) + 1
    values[:, 1] = 7.0
    family = simultaneous(values, clusters(24))
    assert family.upper(0.01)[1] == math.inf
    assert family.lower(0.01)[1] == -math.inf
    assert family.p_above(0.0)[1] == 1.0
    assert np.isfinite(family.upper(0.01)[[0, 2]]).all()


@pytest.mark.parametrize(
    ("values", "ids", "reason"),
    [
        (np.eye(19), clusters(19), "19 clusters are too few"),
        (np.ones((20, 2)), clusters(20), "no member varies"),
        (np.full((20, 2), np.nan), clusters(20), "not finite"),
        (
            np.random.default_rng(6).normal(size=(400, 2)),
            {"concept": list(range(20)) * 20, "template": np.repeat(range(20), 20).tolist()},
            "crossed",
        ),
    ],
)
def test_where_nothing_can_be_said_there_is_a_reason(values, ids, reason):
    family = simultaneous(values, ids)
    assert reason in family.reason
    assert (family.p_above(-1e9) == 1).all()
    assert (family.upper(0.01) == math.inf).all()
    assert (family.lower(0.01) == -math.inf).all()


def test_a_family_is_a_table():
    with pytest.raises(ValueError, match=r"needs values \[unit, member\]"):
        simultaneous(np.ones(20), clusters(20))
