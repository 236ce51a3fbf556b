"""Some of a family, exactly these of it: what is promised, by simulation at the bound."""

import math

import numpy as np
import pytest

from circuit_assert.stats import (
    AllOf,
    Criterion,
    Denied,
    Exists,
    Gate,
    Guard,
    Sample,
    Settled,
    Verdict,
    above,
    judge,
)

MEMBERS, TRIALS, ALPHA = 12, 300, 0.05
K = 19  # clusters of a half: the sign test decides on them, which is exact, and fast
SUPPORTED, REFUTED, INCONCLUSIVE = Verdict


def at_most(rate, n):
    return rate + 4 * math.sqrt(rate * (1 - rate) / n)


def criterion(name, values, bound=0.0):
    return Criterion(str(name), Sample(values, {"sequence": range(len(values))}), above(bound))


def spread(centre, k=24):
    return centre + 0.1 * np.linspace(-1, 1, k)


def existence(values, choosing):
    """The verdict that some column is above nought, `choosing` being where it is chosen."""
    chosen = int(choosing.mean(0).argmax())
    parts = [criterion(member, values[:, member]) for member in range(values.shape[1])]
    return judge(Exists(parts.pop(chosen), parts), ALPHA).verdict


def families(seed, centre=0.0):
    rng = np.random.default_rng(seed)
    return [rng.normal(centre, 1.0, size=(2 * K, MEMBERS)) for _ in range(TRIALS)]


def test_a_member_chosen_on_one_half_and_tested_on_the_other_passes_as_often_as_promised():
    verdicts = [existence(family[K:], family[:K]) for family in families(0)]
    assert np.mean([v is SUPPORTED for v in verdicts]) <= at_most(ALPHA, TRIALS)


def test_chosen_and_tested_on_the_same_clusters_it_passes_far_too_often():
    verdicts = [existence(family[:K], family[:K]) for family in families(0)]
    assert np.mean([v is SUPPORTED for v in verdicts]) > 3 * ALPHA


@pytest.mark.parametrize("true", [1, MEMBERS])
def test_existence_is_seldom_refuted_where_some_are_just_true(true):
    wrong = 0
    for family in families(1):
        family[:, true:] -= 9.0  # the others are clearly false: the least favourable case
        wrong += existence(family[K:], family[:K]) is REFUTED
    assert wrong / TRIALS <= at_most(ALPHA, TRIALS)


def exactly(these, others):
    return AllOf([*these, *(Denied(other) for other in others)])


@pytest.mark.parametrize("false", [True, False])
def test_exactness_keeps_both_promises_at_the_bound(false):
    """One member at the bound with the others clear, and all members at it."""
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(TRIALS):
        values = rng.normal(size=(K, MEMBERS))
        if false:  # one of the others is as true as can be without being so clearly
            values[:, :2] += 9.0
            values[:, 3:] -= 9.0
        parts = [criterion(member, values[:, member]) for member in range(MEMBERS)]
        verdict = judge(exactly(parts[:2], parts[2:]), ALPHA).verdict
        wrong += verdict is (SUPPORTED if false else REFUTED)
    assert wrong / TRIALS <= at_most(ALPHA, TRIALS)


TRUE, FALSE, OPEN = (criterion(n, spread(c)) for n, c in (("t", 1), ("f", -1), ("o", 0)))
FALSE_TOO, TRUE_TOO = criterion("f2", spread(-1)), criterion("t2", spread(1))
FAILS = Guard("fails", FALSE.sample, FALSE.region)
CLOSED = Gate("closed", FALSE.sample, FALSE.region)


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (Exists(TRUE), SUPPORTED),
        (Exists(TRUE, [FALSE]), SUPPORTED),
        (Exists(FALSE, [FALSE_TOO]), REFUTED),
        (Exists(FALSE, [OPEN]), INCONCLUSIVE),
        (Exists(FALSE, [TRUE]), INCONCLUSIVE),  # to be supported it had to be chosen
        (Exists(OPEN, [TRUE]), INCONCLUSIVE),
        (Exists(AllOf([TRUE, FAILS]), [FALSE]), INCONCLUSIVE),
        (Exists(AllOf([FALSE, FAILS]), [FALSE_TOO]), REFUTED),
        (Exists(AllOf([FALSE, CLOSED]), [FALSE_TOO]), INCONCLUSIVE),
        (Denied(FALSE), SUPPORTED),
        (Denied(TRUE), REFUTED),
        (Denied(OPEN), INCONCLUSIVE),
        (Denied(Denied(TRUE)), SUPPORTED),
        (Denied(AllOf([FALSE, FAILS])), SUPPORTED),  # a denial stands whatever the guards say
        (Denied(AllOf([TRUE, FAILS])), INCONCLUSIVE),
        (Denied(AllOf([FALSE, CLOSED])), INCONCLUSIVE),
        (exactly([TRUE], [FALSE]), SUPPORTED),
        (exactly([TRUE], [FALSE, TRUE_TOO]), REFUTED),
        (exactly([TRUE, FALSE], [FALSE_TOO]), REFUTED),
        (exactly([TRUE], [OPEN]), INCONCLUSIVE),
        (exactly([OPEN], [FALSE]), INCONCLUSIVE),
        (exactly([TRUE], [AllOf([FALSE, FAILS])]), SUPPORTED),
    ],
)
def test_verdicts(node, verdict):
    assert judge(node).verdict is verdict


def test_p_values_of_denials_are_no_smaller_than_what_was_shown():
    assert judge(Denied(FALSE), 0.01).p_value == 0.01
    assert judge(Denied(TRUE), 0.01).p_value == judge(Denied(OPEN), 0.01).p_value == 1.0
    assert judge(exactly([TRUE], [FALSE]), 0.01).p_value == 0.01
    assert judge(Exists(TRUE, [FALSE])).p_value == judge(TRUE).p_value


def test_levels_of_a_denial_are_those_of_the_opposite():
    """Supported at the level of refutations, refuted at that of support."""
    rng = np.random.default_rng(7)
    for values in rng.normal(0.5, 1.0, size=(40, 24)):
        part = criterion("part", values)
        for level in (0.001, 0.05):
            plain = judge(part, 0.01, level).verdict
            denied = judge(Denied(part), level, 0.01).verdict
            assert (plain is REFUTED) == (denied is SUPPORTED)
            assert (plain is SUPPORTED) == (denied is REFUTED)


def test_every_part_needs_a_name_of_its_own():
    with pytest.raises(ValueError, match="'t' is repeated"):
        judge(Exists(TRUE, [Denied(TRUE)]))


def test_a_refutation_names_how_many_were_refuted():
    assert "each of 2 is refuted" in judge(Exists(FALSE, [FALSE_TOO])).reason
    assert "1 other(s) not" in judge(Exists(FALSE, [Settled("s", INCONCLUSIVE, "no")])).reason
