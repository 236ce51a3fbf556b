"""Localization on models whose heads have known effects: one, a few, all alike, or none."""

import numpy as np
import pytest

from circuit_assert import Session, effect_is_localized
from circuit_assert.claims.concentrations import Concentration, crossed_sizes, crossed_squares
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import graded_effects_model, lookup_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
HEADS = 24
FEW = (2.0, 1.5, -1.0, *(HEADS - 3) * (0.005,))
ALIKE = tuple(0.5 * (-1) ** head for head in range(HEADS))
NOTHING = HEADS * (0.0,)
LOCAL = graded_effects_model("few", FEW, noise=0.05)
SPREAD = graded_effects_model("alike", ALIKE, answer=3.0)
NOISE = graded_effects_model("nothing", NOTHING, answer=3.0)
PROMPTS = lookup_prompts()
STATISTICS = [
    {"by": 0.6},
    {"statistic": "share", "top": 3, "by": 0.7},
    {"statistic": "n90", "by": 0.4},
    {"statistic": "participation ratio", "by": 0.3},
]
NAMES = ["gini", "share", "n90", "participation ratio"]


def localized(model, *, on=PROMPTS, components=None, **options):
    return effect_is_localized(components or model.heads(), on=on, **options).check()


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@pytest.mark.parametrize("options", STATISTICS, ids=NAMES)
@pytest.mark.parametrize("effects", ["total", "direct"])
def test_few_heads_that_do_all_are_found(model_of, options, effects):
    evidence = localized(model_of(LOCAL), effects=effects, **options)
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert f"({effects} effects" in evidence.sentence


@pytest.mark.parametrize("options", STATISTICS, ids=NAMES)
def test_heads_that_do_as_much_each_are_refuted_whatever_their_signs(model_of, options):
    assert localized(model_of(SPREAD), **options).verdict is REFUTED


@pytest.mark.parametrize("options", STATISTICS, ids=NAMES)
def test_noise_alone_decides_nothing(model_of, options):
    evidence = localized(model_of(NOISE), **options)
    assert evidence.verdict is INCONCLUSIVE
    assert "there is nothing to localize" in evidence.reason


@pytest.mark.parametrize("noise", [0.8, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_what_noise_could_feign_is_not_supported(noise, seed):
    """Many effects alike, drowned by noise: the measured Gini coefficient is far above zero."""
    drowned = graded_effects_model("drowned", HEADS * (0.1,), noise=noise, answer=4, seed=seed)
    assert localized(Session().model(drowned), by=0.2).verdict is not SUPPORTED


def test_the_population_value_lies_within_the_bounds(model_of):
    true = Concentration("gini").of(np.array(FEW))
    evidence = localized(model_of(LOCAL), by=0.6)
    assert finding(evidence, "beyond noise").effect < true < finding(evidence, "concentration").high
    note = finding(evidence, "concentration").notes[-1]
    assert "the largest L0H0 +" in note
    assert "90 % in 3" in note


def test_a_bound_right_at_the_value_decides_nothing(model_of):
    """The Gini coefficient is about 0.87: a bound right there leaves the claim open."""
    true = Concentration("gini").of(np.array(FEW))
    assert localized(model_of(LOCAL), by=round(true, 3)).verdict is INCONCLUSIVE


def test_too_few_prompts_decide_nothing(model_of):
    evidence = localized(model_of(LOCAL), by=0.6, on=lookup_prompts(templates=12))
    assert evidence.verdict is INCONCLUSIVE


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    model = Session().model(LOCAL.with_random_weights(seed))
    for options in STATISTICS:
        assert localized(model, **options).verdict is not SUPPORTED


def test_statistics_of_known_effects():
    gini, share = Concentration("gini"), Concentration("share", 2)
    ratio = Concentration("participation ratio")
    effects = np.array([3.0, -1.0, 2.0, 0.0])
    pairs = np.abs(np.abs(effects)[:, None] - np.abs(effects)).sum()
    assert gini.of(effects) == pytest.approx(pairs / (2 * 4 * 6.0))
    assert share.of(effects) == pytest.approx(5 / 6)
    assert ratio.of(effects) == pytest.approx(36 / (4 * 14))
    assert gini.of(np.ones(5)) == pytest.approx(0.0)
    assert np.isnan(gini.of(np.zeros(5)))


def test_half_normal_noise_has_the_gini_coefficient_of_the_literature():
    drawn = np.random.default_rng(0).standard_normal((200, 144))
    found = np.mean([Concentration("gini").of(row) for row in drawn])
    assert found == pytest.approx(0.411, abs=0.01)


@pytest.mark.parametrize("name", ["gini", "share", "participation ratio"])
@pytest.mark.parametrize("scale", [0.2, 1.0, 3.0])
def test_bounds_lie_on_their_sides_on_average(name, scale):
    """Of effects with known concentration and noise of another size for each component."""
    generator = np.random.default_rng(1)
    statistic = Concentration(name, 4)
    effects = generator.exponential(1.0, 30) * np.sign(generator.standard_normal(30))
    sizes = scale * generator.exponential(1.0, 30)
    found = {"from below": [], "from above": []}
    for _ in range(200):
        means = effects + sizes * generator.standard_normal((24, 30))
        for side, values in found.items():
            values.append(statistic.bound(means, side))
    true = statistic.of(effects)
    assert np.mean(found["from below"]) <= true + 0.005
    assert np.mean(found["from above"]) >= true - 0.005


def test_cross_products_of_noise_are_nothing_on_average():
    drawn = np.random.default_rng(0).standard_normal((500, 12, 10))
    sizes = [crossed_sizes(means).sum() for means in drawn]
    squares = [crossed_squares(means) for means in drawn]
    assert abs(np.mean(sizes)) < 3 * np.std(sizes) / np.sqrt(500)
    assert abs(np.mean(squares)) < 3 * np.std(squares) / np.sqrt(500)
    by_hand = sum(drawn[0][a] @ drawn[0][b] for a in range(12) for b in range(12) if a != b)
    assert squares[0] == pytest.approx(by_hand / (12 * 11))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": 1.0}, "between 0 and 1"),
        ({"by": 0.5, "statistic": "entropy"}, "statistic is gini, share"),
        ({"by": 0.5, "effects": "indirect"}, "effects are total or direct"),
        ({"by": 0.5, "top": 3}, "goes with"),
        ({"by": 0.5, "statistic": "share"}, "goes with"),
        ({"by": 0.5, "statistic": "share", "top": 24}, "fewer than 24"),
        ({"by": 0.01, "statistic": "n90"}, "is none"),
    ],
)
def test_bad_arguments_fail_before_anything_is_measured(model_of, options, message):
    with pytest.raises(ClaimError, match=message):
        localized(model_of(LOCAL), **options)


def test_bad_components_fail_before_anything_is_measured(model_of):
    model = model_of(LOCAL)
    with pytest.raises(ClaimError, match="of 2 components, one is always a large part"):
        localized(model, components=model["L0H0", "L0H1"], by=0.5)
    mixed = model[("L0N0", *(f"L0H{n}" for n in range(8)))]
    with pytest.raises(ComponentError, match="heads and MLPs; got L0N0"):
        localized(model, components=mixed, by=0.5, effects="direct")
