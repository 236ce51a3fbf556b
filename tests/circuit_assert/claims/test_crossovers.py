"""Crossovers: where lines cross zero, what each prompt adds, and what is refused before a model."""

from types import SimpleNamespace

import numpy as np
import pytest

from circuit_assert import (
    Session,
    answered_as,
    antonyms,
    swap_conditions,
    swaps_cross_over_alike,
    synonyms,
)
from circuit_assert.claims.languages.crossings import CrossoverDifference, crossing_of
from circuit_assert.claims.quantities import CannotTell
from circuit_assert.errors import ClaimError, ComponentError

STRENGTHS = (0.5, 1.0, 2.0)
EN = antonyms("en", per_concept=1), synonyms("en", per_concept=1)
FR, ZH = (antonyms(language, per_concept=1) for language in ("fr", "zh"))
TO_SYNONYMS = swap_conditions(EN[1], versus=EN[0], at="L9.resid_post")


class GivenDose:
    """A dose whose margins are given, float64[1 + strength, unit]."""

    strengths = STRENGTHS

    def __init__(self, margins, concepts, templates):
        clusters = {"concept": concepts, "template": templates}
        self._margins, self.clusters = margins, clusters
        self.on = SimpleNamespace(name="some prompts", cluster_by=tuple(clusters), of=self)

    def margins(self, scores):
        return self._margins


SCORES = SimpleNamespace(tokenized=lambda on: on.of)


def drawn(at, concepts=20, templates=16, *, own, seed=0):
    """Margins that rise by 4 ± 0.4 nats a strength and cross zero at `at` ± 0.1."""
    generator = np.random.default_rng(seed)
    concept, template = np.divmod(np.arange(concepts * templates), templates)
    where = at + 0.1 * generator.standard_normal(concepts)[concept]
    where += 0.1 * generator.standard_normal(templates)[template]
    slope = 4 + 0.4 * generator.standard_normal(concepts)[concept]
    margins = slope * (np.array([0.0, *STRENGTHS])[:, None] - where)
    return GivenDose(margins, concept.tolist(), [f"{own}{t}" for t in template])


def crossover(margins):
    """By bisection, with numpy's own interpolation."""
    at, means = np.array([0.0, *STRENGTHS]), margins.mean(1)
    low, high = 0.0, STRENGTHS[-1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.interp(middle, at, means) < 0 else (low, middle)
    return high


def test_a_crossover_is_where_the_mean_margin_crosses_zero():
    dose = drawn(0.8, own="fr")
    found = crossing_of(dose, SCORES)
    assert found.strength == pytest.approx(crossover(dose.margins(SCORES)))
    assert found.margins.mean() == pytest.approx(0.0, abs=1e-12)


def test_what_prompts_add_is_how_far_the_crossover_moves_without_them():
    dose = drawn(0.8, own="fr")
    margins, found = dose.margins(SCORES), crossing_of(dose, SCORES)
    concepts = np.array(dose.clusters["concept"])
    for concept in range(20):
        without = crossover(margins[:, concepts != concept])
        added = found.influences[concepts == concept].mean() / 19
        assert found.strength - without == pytest.approx(added, rel=0.05, abs=1e-5)


def test_a_difference_is_the_mean_of_its_cells():
    first, second = drawn(0.8, own="fr"), drawn(0.6, templates=17, own="zh", seed=1)
    found = CrossoverDifference(first, second).measured(SCORES)
    expected = crossover(first.margins(SCORES)) - crossover(second.margins(SCORES))
    assert found.values.mean() == pytest.approx(expected)
    assert len(found.values) == len(found.clusters["concept"]) == 20 * (16 + 17)


def test_what_both_sides_share_cancels():
    first = drawn(0.8, own="en")
    shifted = GivenDose(first.margins(SCORES) + 0.2, *first.clusters.values())
    found = CrossoverDifference(first, shifted).measured(SCORES)
    alone = CrossoverDifference(first, drawn(0.75, own="zh", seed=1)).measured(SCORES)
    assert len(found.values) == 20 * 16
    assert found.values.std() < 0.2 * alone.values.std()


@pytest.mark.parametrize(("shift", "words"), [(-20.0, "not as likely"), (20.0, "before it")])
def test_without_a_crossover_there_is_no_value(shift, words):
    dose = drawn(0.8, own="fr")
    other = GivenDose(dose.margins(SCORES) + shift, *dose.clusters.values())
    with pytest.raises(CannotTell, match=words):
        crossing_of(other, SCORES)


@pytest.fixture(scope="module")
def model():
    return Session().model("gemma-3-270m")


def alike(model, swap=TO_SYNONYMS, **options):
    given = {"on": FR, "versus": ZH, "strengths": (1.0, 2.0), "within": 0.5}
    return swaps_cross_over_alike(model, swap, **{**given, **options})


def test_the_sentence_says_where_and_within_what(model):
    assert alike(model).sentence == (
        "swapping antonyms(en) for synonyms(en) at L9.resid_post crosses over at the same strength "
        "on antonyms(fr) as on antonyms(zh), within 0.5 times it in gemma-3-270m"
    )


def test_two_swaps_have_controls_of_their_own(model):
    to_french, to_chinese = (
        swap_conditions(synonyms(language, per_concept=1), versus=EN[1], at="L15.resid_post")
        for language in ("fr", "zh")
    )
    both = alike(
        model,
        to_french,
        other=to_chinese,
        on=answered_as(EN[0], FR),
        versus=answered_as(EN[0], ZH),
    )
    assert "as swapping synonyms(en) for synonyms(zh)" in both.sentence
    counts = [
        [role for role, _ in each.body.leaves()].count("guard") for each in (alike(model), both)
    ]
    assert counts == [3, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": 0.0}, "above zero"),
        ({"strengths": (2.0, 1.0)}, "rising"),
        ({"on": antonyms("fr", "zh", per_concept=1)}, "between two languages"),
        ({"versus": FR}, "both sides are the same"),
        ({"on": EN[0]}, "other templates"),
    ],
)
def test_what_cannot_be_compared_is_refused(model, options, message):
    with pytest.raises(ClaimError, match=message):
        alike(model, **options)


def test_sites_are_the_models(model):
    late = swap_conditions(EN[1], versus=EN[0], at="L99.resid_post")
    with pytest.raises(ComponentError):
        alike(model, other=late)
