"""Trees of criteria: what guards, gates, all-of and any-of do to a verdict."""

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import AllOf, AnyOf, Criterion, Gate, Guard, Sample, above, judge, within


def sample(centre, k=24):
    """k clusters, symmetric around the centre and close to it."""
    values = centre + 0.1 * stats.norm.ppf((np.arange(k) + 0.5) / k)
    return Sample(values, {"template": range(k)})


TRUE = Criterion("true", sample(1), above(0))
FALSE = Criterion("false", sample(-1), above(0))
OPEN = Criterion("open", sample(0), above(0))
PASSES = Guard("passes", sample(1), above(0))
FAILS = Guard("fails", sample(-1), above(0), reason="not specific: a layer-mate does as much")
OPEN_GATE = Gate("able", sample(1), above(0))
CLOSED_GATE = Gate("unable", sample(-1), above(0))


def named(criterion, name):
    """The same criterion under another name."""
    return Criterion(name, criterion.sample, criterion.region, criterion.noise_floor)


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (TRUE, "supported"),
        (FALSE, "refuted"),
        (OPEN, "inconclusive"),
        (AllOf([TRUE]), "supported"),
        (AllOf([TRUE, named(TRUE, "too")]), "supported"),
        (AllOf([TRUE, FALSE]), "refuted"),
        (AllOf([OPEN, FALSE]), "refuted"),
        (AllOf([TRUE, OPEN]), "inconclusive"),
        (AnyOf([TRUE, FALSE]), "supported"),
        (AnyOf([OPEN, TRUE]), "supported"),
        (AnyOf([FALSE, named(FALSE, "too")]), "refuted"),
        (AnyOf([FALSE, OPEN]), "inconclusive"),
        (AllOf([TRUE, AnyOf([FALSE, named(TRUE, "too")])]), "supported"),
        (AllOf([TRUE, AnyOf([FALSE, named(FALSE, "too")])]), "refuted"),
        (AnyOf([FALSE, AllOf([TRUE, OPEN])]), "inconclusive"),
        (AllOf([TRUE, PASSES]), "supported"),
        (AllOf([TRUE, FAILS]), "inconclusive"),
        (AllOf([FALSE, FAILS]), "refuted"),
        (AllOf([FALSE, PASSES]), "refuted"),
        (AllOf([OPEN, FAILS]), "inconclusive"),
        (AllOf([TRUE, OPEN_GATE]), "supported"),
        (AllOf([FALSE, OPEN_GATE]), "refuted"),
        (AllOf([TRUE, CLOSED_GATE]), "inconclusive"),
        (AllOf([FALSE, CLOSED_GATE]), "inconclusive"),
        (AllOf([FALSE, AllOf([TRUE, CLOSED_GATE])]), "inconclusive"),
        (AnyOf([TRUE, AllOf([FALSE, CLOSED_GATE])]), "supported"),
        (AnyOf([FALSE, AllOf([TRUE, CLOSED_GATE])]), "inconclusive"),
        (AnyOf([AllOf([TRUE, FAILS]), FALSE]), "inconclusive"),
        (AllOf([FALSE, AnyOf([AllOf([TRUE, CLOSED_GATE])])]), "inconclusive"),
        (AllOf([FALSE, AnyOf([named(FALSE, "too"), AllOf([TRUE, CLOSED_GATE])])]), "refuted"),
    ],
)
def test_the_verdict_of_a_tree(node, verdict):
    judgement = judge(node)
    assert judgement.verdict == verdict
    assert (judgement.p_value <= 0.01) == (verdict == "supported")


def test_a_failed_guard_gives_its_reason():
    judgement = judge(AllOf([TRUE, PASSES, FAILS]))
    assert judgement.reason.startswith("not specific: a layer-mate does as much (fails: no part of")


def test_a_guard_that_cannot_be_decided_fails_with_its_reason():
    few = Guard("layer-mates", sample(1, k=5), above(0))
    judgement = judge(AllOf([TRUE, few]))
    assert judgement.verdict == "inconclusive"
    assert "(layer-mates: 5 clusters are too few" in judgement.reason


def test_a_closed_gate_says_that_the_model_does_not_do_the_task():
    judgement = judge(AllOf([FALSE, CLOSED_GATE]))
    assert judgement.reason.startswith("the model does not do the task (unable: no part of")
    assert judgement.gated == judgement.reason
    assert judgement.part("false").verdict == "refuted"  # and still in the evidence


def test_the_reason_names_the_part_that_decided():
    assert judge(AllOf([TRUE, FALSE])).reason.startswith("false: no part of the interval")
    assert judge(AllOf([TRUE, OPEN])).reason.startswith("open: the interval")
    assert judge(AnyOf([FALSE, TRUE])).reason.startswith("true: the whole interval")
    assert judge(AllOf([TRUE, PASSES])).reason.startswith("the whole interval")


def test_the_parts_keep_their_order_and_roles():
    judgement = judge(AllOf([OPEN_GATE, TRUE, AnyOf([FALSE, OPEN]), PASSES]))
    assert [(part.name, part.role) for part in judgement.parts] == [
        ("able", "gate"),
        ("true", "primary"),
        ("false", "primary"),
        ("open", "primary"),
        ("passes", "guard"),
    ]
    assert list(judgement.assessments) == ["able", "true", "false", "open", "passes"]
    with pytest.raises(KeyError, match="no part 'nothing'"):
        judgement.part("nothing")


# Error rates


def levels(judgement):
    """Name → (the level it supports at, the level it refutes at)."""
    return {
        name: (found.estimate.alpha, pytest.approx(found.refutation.alpha))
        for name, found in judgement.assessments.items()
    }


def test_all_of_divides_the_error_of_refuting():
    judgement = judge(AllOf([TRUE, FALSE, OPEN, PASSES, OPEN_GATE]))
    primary = (0.01, 0.01 / 3)
    assert levels(judgement) == {
        "true": primary,
        "false": primary,
        "open": primary,
        "passes": (0.01, 0.01),
        "able": (0.01, 0.01),
    }


def test_any_of_divides_the_error_of_supporting():
    assert levels(judge(AnyOf([TRUE, FALSE]))) == {"true": (0.005, 0.01), "false": (0.005, 0.01)}


def test_both_divide_as_they_nest():
    tree = AllOf([TRUE, AnyOf([FALSE, AllOf([OPEN, named(TRUE, "too"), PASSES])])])
    assert levels(judge(tree, alpha=0.02)) == {
        "true": (0.02, 0.01),
        "false": (0.01, 0.01),
        "open": (0.01, 0.005),
        "too": (0.01, 0.005),
        "passes": (0.01, 0.01),
    }


def test_the_p_value_of_a_conjunction_is_the_largest():
    tree = AllOf([TRUE, OPEN, PASSES])
    judgement = judge(tree)
    assert judgement.p_value == max(part.p_value for part in judgement.parts) > 0.1


def test_the_p_value_of_a_disjunction_is_the_smallest_times_their_number():
    judgement = judge(AnyOf([TRUE, OPEN, FALSE]))
    assert judgement.p_value == 3 * judgement.part("true").p_value
    assert judge(AnyOf([OPEN, FALSE])).p_value <= 1


def test_one_of_two_alternatives_needs_stronger_evidence():
    values = np.array([1.0] * 7) + np.arange(7)
    seven = Criterion("seven", Sample(values, {"template": range(7)}), above(0))
    assert judge(seven).verdict == "supported"
    assert judge(AnyOf([seven, FALSE])).verdict == "inconclusive"


# Noise and conditions found elsewhere


def test_a_criterion_has_its_own_noise_floor():
    noisy = Criterion("noisy", sample(1), above(0), noise_floor=1)
    assert judge(noisy).verdict == "inconclusive"
    assert judge(AllOf([TRUE, Guard("g", sample(1), above(0), 1)])).verdict == "inconclusive"
    assert judge(AllOf([TRUE, Guard("g", sample(1), above(0), 0.1)])).verdict == "supported"


@pytest.mark.parametrize(
    ("passed", "p_value", "verdict"),
    [
        (True, None, "supported"),
        (False, None, "inconclusive"),
        (None, None, "inconclusive"),
        (True, 0.001, "supported"),
        (True, 0.02, "inconclusive"),  # found at another level
        (None, 0.001, "inconclusive"),
    ],
)
def test_a_condition_found_elsewhere(passed, p_value, verdict):
    guard = Guard.of("peers", passed, "its peers do as much", p_value=p_value)
    judgement = judge(AllOf([TRUE, guard]))
    assert judgement.verdict == verdict
    assert (judgement.p_value <= 0.01) == (verdict == "supported")
    if verdict != "supported":
        assert judgement.reason == "its peers do as much (peers)"
    assert judge(AllOf([FALSE, guard])).verdict == "refuted"


def test_a_gate_found_elsewhere_closes_everything():
    assert judge(AllOf([FALSE, Gate.of("able", False)])).verdict == "inconclusive"
    assert judge(AllOf([FALSE, Gate.of("able", True)])).verdict == "refuted"
    assert "does not do the task (able)" in judge(AllOf([FALSE, Gate.of("able", None)])).reason


# Wrong use


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: AllOf([PASSES]), "guards and gates alone claim nothing"),
        (lambda: AllOf([]), "needs a criterion"),
        (lambda: AnyOf([]), "needs a criterion"),
        (lambda: AnyOf([TRUE, PASSES]), "Guard 'passes' is not an alternative"),
        (lambda: Guard("g"), "needs a sample and a region"),
        (lambda: Guard("g", sample(1)), "needs a sample and a region"),
        (lambda: Gate("g", region=within(1)), "Gate.of"),
        (lambda: Guard("g", sample(1), above(0), passed=True), "not told that it passed"),
        (lambda: judge(AllOf([TRUE, TRUE])), "'true' is repeated"),
        (lambda: judge(TRUE, alpha=0.5), "between 0 and 0.5"),
    ],
)
def test_a_tree_that_means_nothing_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
