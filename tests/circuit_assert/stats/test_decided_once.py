"""A sample is decided once for each level, and a claim has each of its samples once."""

import sys
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from circuit_assert import Session, head_is_induction
from circuit_assert.claims.criteria import Criterion
from circuit_assert.models.planted_models import induction_model
from circuit_assert.stats import JackknifeSample, Sample
from circuit_assert.stats.estimate import decide
from circuit_assert.stats.region import above, within
from circuit_assert.stats.verdict import assess

VALUES, TEMPLATES = [0.1 * n for n in range(24)], range(24)


def sample(values=VALUES, clusters=TEMPLATES, name="template", **more):
    return Sample(values, {name: clusters}, **more)


def test_a_decision_is_made_once_for_a_sample_and_a_level():
    one = sample()
    assert decide(one, 0.01) is decide(one, 0.01)
    assert decide(one, 0.01) is not decide(one, 0.05)
    assert decide(one, 0.01) is not decide(one, 0.01, 2)
    assert decide(one, 0.01) is not decide(sample(), 0.01)


def test_an_interval_is_read_once_where_both_errors_have_one_level():
    shared = assess(sample(), above(0.5), alpha=0.01)
    assert shared.refutation is shared.estimate
    finer = assess(sample(), above(0.5), alpha=0.01, refute_alpha=0.005)
    assert finer.refutation.low < finer.estimate.low
    two_sided = assess(sample(), within(0.5), alpha=0.01)
    assert two_sided.refutation.low < two_sided.estimate.low


def test_a_level_that_is_none_is_refused_each_time():
    one = sample()
    decide(one, 0.01)
    with pytest.raises(ValueError, match="error rate"):
        decide(one, 0.5)


def alike(one, other):
    """Whether two samples say the same, so that deciding both is work done twice."""
    said = [(type(each), each.values.tobytes(), dict(each.clusters)) for each in (one, other)]
    return said[0] == said[1]


def test_a_claim_decides_each_of_its_samples_once_for_a_level(monkeypatch):
    module = sys.modules[decide.__module__]
    honest, seen = module._decide, []

    def noted(one, alpha, sides):
        seen.append((one, alpha, sides))
        return honest(one, alpha, sides)

    monkeypatch.setattr(module, "_decide", noted)
    head_is_induction(Session().model(induction_model())["L1H0"]).check()
    assert len(seen) > 3
    twice = [a for (a, *at), (b, *other) in combinations(seen, 2) if at == other and alike(a, b)]
    assert not twice


@pytest.mark.parametrize("method", ["measured", "noise"])
def test_what_a_criterion_is_about_is_worked_out_once(monkeypatch, method):
    claim = head_is_induction(Session().model(induction_model())["L1H0"])
    criteria = [leaf for _, leaf in claim.body.leaves() if isinstance(leaf, Criterion)]
    worked_out = Counter()
    for kind in {type(leaf.quantity) for leaf in criteria}:

        def call(self, *given, honest=getattr(kind, method)):
            worked_out[id(self)] += 1
            return honest(self, *given)

        monkeypatch.setattr(kind, method, call)
    claim.check()
    of = Counter(id(leaf.quantity) for leaf in criteria)
    assert of == {number: worked_out[number] for number in of}


def test_a_statistic_is_asked_for_once_whatever_the_levels():
    asked = []

    def mean(kept):
        asked.append(kept.sum())
        return float(np.asarray(VALUES)[kept].mean())

    one = JackknifeSample(mean, tuple(TEMPLATES))
    levels = [decide(one, alpha).interval(alpha) for alpha in (0.05, 0.01)]
    assert len(asked) == 1 + len(VALUES)
    assert levels[0].low > levels[1].low
    again = JackknifeSample(mean, tuple(TEMPLATES))
    assert decide(again, 0.01).interval(0.01) == levels[1]
    assert len(asked) == 2 * (1 + len(VALUES))
