"""A sample is decided once for each level; one that differs in anything is decided anew."""

import sys
from itertools import combinations

import pytest

from circuit_assert import Session, head_is_induction
from circuit_assert.models.planted_models import induction_model
from circuit_assert.stats import JackknifeSample, Sample
from circuit_assert.stats.estimate import decide

VALUES, TEMPLATES = [0.1 * n for n in range(24)], range(24)


def sample(values=VALUES, clusters=TEMPLATES, name="template", **more):
    return Sample(values, {name: clusters}, **more)


def test_a_decision_is_made_once_for_a_sample_and_a_level():
    one = sample()
    assert decide(one, 0.01) is decide(one, 0.01)
    assert decide(one, 0.01) is not decide(one, 0.05)
    assert decide(one, 0.01) is not decide(one, 0.01, 2)
    assert decide(one, 0.01) is not decide(sample(), 0.01)


def test_a_level_that_is_none_is_refused_each_time():
    one = sample()
    decide(one, 0.01)
    with pytest.raises(ValueError, match="error rate"):
        decide(one, 0.5)


def test_samples_of_the_same_values_and_clusters_are_alike():
    assert sample().is_like(sample())


@pytest.mark.parametrize(
    "other",
    [
        sample([*VALUES[:-1], 9.0]),
        sample(VALUES[::-1]),
        sample(VALUES[:-1], range(23)),
        sample(clusters=[0, *range(23)]),
        sample(name="prompt"),
        JackknifeSample(len, range(24)),
    ],
    ids=["a value", "their order", "their number", "a cluster", "its name", "a statistic"],
)
def test_samples_that_differ_are_not(other):
    assert not sample().is_like(other)
    assert not other.is_like(sample())


def test_outcomes_are_not_like_numbers():
    ones = [0.0, 1.0] * 12
    assert not sample(ones).is_like(sample(ones, binary=True))


def test_statistics_are_alike_by_the_very_same_function_and_clusters():
    one = JackknifeSample(sum, range(24))
    assert one.is_like(JackknifeSample(sum, range(24)))
    assert not one.is_like(JackknifeSample(len, range(24)))
    assert not one.is_like(JackknifeSample(sum, range(23)))


def test_a_claim_decides_each_of_its_samples_once_for_a_level(monkeypatch):
    module = sys.modules[decide.__module__]
    honest, seen = module._decide, []

    def noted(one, alpha, sides):
        seen.append((one, alpha, sides))
        return honest(one, alpha, sides)

    monkeypatch.setattr(module, "_decide", noted)
    head_is_induction(Session().model(induction_model())["L1H0"]).check()
    assert len(seen) > 3
    twice = [a for (a, *at), (b, *other) in combinations(seen, 2) if at == other and a.is_like(b)]
    assert not twice
