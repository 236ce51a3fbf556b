"""The promise, measured: wrong verdicts at the bound, where they are most frequent.

Each rate is simulated with the population value exactly at the region's bound. The limits allow
for simulation error, four standard deviations of it; seeds are fixed.
"""

import math

import numpy as np
import pytest
from scipy import stats

from circuit_assert.stats import (
    AllOf,
    AnyOf,
    Criterion,
    JackknifeSample,
    Sample,
    above,
    assess,
    auroc,
    below,
    between,
    judge,
    within,
)

ALPHA = 0.01


def at_most(rate, n):
    """The most hits in n that a true rate of at most `rate` leaves believable, as a share."""
    return rate + 4 * math.sqrt(rate * (1 - rate) / n)


def rate(samples, region, verdict="supported", **more):
    """The share of samples with this verdict."""
    return np.mean([assess(x, region, **more).verdict == verdict for x in samples])


def both_rates(samples, bound, **more):
    """The shares found above the bound, and found not to be: the two ways to be wrong on it.

    Refuting "above" is supporting "below" with a closed bound, so one pass gives both.
    """
    verdicts = [assess(x, above(bound), **more).verdict for x in samples]
    return np.mean([[v == "supported", v == "refuted"] for v in verdicts], axis=0)


def simple(draws):
    """One sample per row, each value its own cluster."""
    return [Sample(row, {"template": range(len(row))}) for row in draws]


def lognormal(rng, shape):
    return rng.lognormal(size=shape)


def exponential(rng, shape):
    return rng.exponential(size=shape)


def zero_inflated(rng, shape):
    return rng.exponential(size=shape) * (rng.random(shape) < 0.5)


SKEWED = {  # family: (draw, mean, median)
    "lognormal": (lognormal, math.exp(0.5), 1.0),
    "exponential": (exponential, 1.0, math.log(2)),
    "half zeros": (zero_inflated, 0.5, 0.0),
}


@pytest.mark.parametrize("k", [8, 12, 20, 30])
def test_symmetric_clusters_pass_falsely_at_most_at_alpha(k):
    samples = simple(np.random.default_rng(k).normal(size=(600, k)))
    assert max(both_rates(samples, 0)) <= at_most(ALPHA, 600)


@pytest.mark.parametrize("k", [8, 12, 20, 30])
@pytest.mark.parametrize("family", SKEWED)
def test_skewed_clusters_pass_falsely_at_most_at_four_alpha(k, family):
    draw, mean, median = SKEWED[family]
    samples = simple(draw(np.random.default_rng(k), (300, k)))
    rates = both_rates(samples, median if k < 20 else mean)
    assert max(rates) <= at_most(4 * ALPHA, 300)


def test_a_plain_t_would_not_keep_the_promise():
    draws = np.random.default_rng(20).lognormal(size=(500, 20))
    p = stats.ttest_1samp(draws, math.exp(0.5), axis=1, alternative="less").pvalue
    assert (p <= ALPHA).mean() > at_most(4 * ALPHA, 500)


def test_the_promise_is_not_kept_by_never_deciding():
    for k, effect in ((8, 2.0), (12, 1.5), (20, 1.0), (30, 0.8)):
        samples = simple(np.random.default_rng(k).normal(effect, 1, (100, k)))
        assert rate(samples, above(0)) > 0.5
        assert rate(samples, below(0), "refuted") > 0.5


def templates(rng, count, per, share):
    """Prompts of a few templates, unit variance, of which the templates have this share."""
    shared = rng.normal(0, math.sqrt(share), (count, 1))
    own = rng.normal(0, math.sqrt(1 - share), (count, per))
    return (shared + own).ravel(), np.repeat(np.arange(count), per).tolist()


def test_prompts_of_one_template_are_not_independent():
    rng = np.random.default_rng(1)
    drawn = [templates(rng, 24, 5, 0.3) for _ in range(300)]
    by_template = [Sample(values, {"template": ids}) for values, ids in drawn]
    by_prompt = [Sample(values, {"prompt": range(120)}) for values, _ in drawn]
    assert max(both_rates(by_template, 0, alpha=0.05)) <= at_most(0.05, 300)
    assert max(both_rates(by_prompt, 0, alpha=0.05)) > at_most(0.05, 300)


def crossed(rng, shape, effects):
    """A complete table of concepts and templates, each with an effect of its own."""
    i, j = shape
    table = effects(rng, (i, 1)) + effects(rng, (1, j)) + 0.7 * rng.normal(size=shape)
    ids = {"concept": np.repeat(np.arange(i), j).tolist(), "template": list(range(j)) * i}
    return Sample(table.ravel(), ids)


@pytest.mark.parametrize("shape", [(30, 16), (20, 24)])
def test_crossed_clusters_keep_the_promise(shape):
    rng = np.random.default_rng(2)
    samples = [crossed(rng, shape, lambda g, s: g.normal(size=s)) for _ in range(200)]
    assert max(both_rates(samples, 0)) <= at_most(ALPHA, 200)


def test_concepts_alone_would_not_keep_it():
    rng = np.random.default_rng(2)
    samples = [crossed(rng, (40, 16), lambda g, s: g.normal(size=s)) for _ in range(200)]
    alone = [Sample(x.values, {"concept": x.clusters["concept"]}) for x in samples]
    assert max(both_rates(alone, 0)) > at_most(ALPHA, 200)


@pytest.mark.parametrize("shape", [(30, 16), (20, 20)])
def test_crossed_clusters_keep_the_promise_when_both_are_skewed(shape):
    rng = np.random.default_rng(3)
    samples = [crossed(rng, shape, lambda g, s: 1 - g.exponential(size=s)) for _ in range(200)]
    assert max(both_rates(samples, 0)) <= at_most(4 * ALPHA, 200)


@pytest.mark.parametrize(("k", "p"), [(7, 0.5), (12, 0.3), (20, 0.7), (30, 0.9)])
@pytest.mark.parametrize("per", [1, 4])
def test_binary_outcomes_keep_alpha_however_alike_a_cluster_is(k, p, per):
    rng = np.random.default_rng(4)
    samples = []
    for _ in range(150):
        hits = rng.random((k, per)) < (rng.beta(p, 1 - p, (k, 1)) if per > 1 else p)
        ids = np.repeat(np.arange(k), per).tolist()
        samples.append(Sample(hits.ravel(), {"template": ids}, binary=True))
    assert max(both_rates(samples, p)) <= at_most(ALPHA, 150)


def test_a_jackknifed_auroc_keeps_the_promise():
    rng = np.random.default_rng(5)
    documents, labels = np.repeat(np.arange(20), 4), np.tile([1, 0, 0, 0], 20)
    truth = stats.norm.cdf(1.5 / math.sqrt(2))
    samples = []
    for _ in range(150):
        scores = 1.5 * labels + rng.normal(size=80)
        statistic = _auroc_of(scores, labels)
        samples.append(JackknifeSample(lambda mask, f=statistic: f(mask), documents.tolist()))
    assert max(both_rates(samples, truth)) <= at_most(4 * ALPHA, 150)


def _auroc_of(scores, labels):
    return lambda mask: auroc(scores[mask], labels[mask])


@pytest.mark.parametrize("k", [12, 24])
def test_equivalence_at_the_margin_passes_falsely_at_most_at_alpha(k):
    samples = simple(np.random.default_rng(k).normal(0.5, 0.2, (300, k)))
    assert rate(samples, within(0.5), alpha=0.05) <= at_most(0.05, 300)


def test_a_narrow_region_is_refuted_falsely_at_most_at_alpha():
    samples = simple(np.random.default_rng(6).normal(size=(500, 12)))
    narrow = between(-1e-6, 1e-6)  # true, and missed on either side
    assert rate(samples, narrow, "refuted", alpha=0.1) <= at_most(0.1, 500)
    assert sum(both_rates(samples, 0, alpha=0.1)) > 0.1  # what either side at alpha would do


def three(draws):
    """Three criteria whose effects are all at their bound."""
    return [Criterion(str(i), x, above(0)) for i, x in enumerate(simple(draws))]


def test_a_conjunction_is_refuted_falsely_at_most_at_alpha():
    draws = np.random.default_rng(7).normal(size=(200, 3, 24))
    refuted = [judge(AllOf(three(x)), alpha=0.1).verdict == "refuted" for x in draws]
    assert np.mean(refuted) <= at_most(0.1, 200)
    alone = [any(judge(c, alpha=0.1).verdict == "refuted" for c in three(x)) for x in draws]
    assert np.mean(alone) > at_most(0.1, 200)


def test_a_disjunction_passes_falsely_at_most_at_alpha():
    draws = np.random.default_rng(8).normal(size=(200, 3, 24))
    passed = [judge(AnyOf(three(x)), alpha=0.1).verdict == "supported" for x in draws]
    assert np.mean(passed) <= at_most(0.1, 200)
