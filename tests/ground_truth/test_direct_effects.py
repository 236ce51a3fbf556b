"""Direct effects on a model in which one head writes the answer and others by way of an MLP."""

import pytest

from circuit_assert import Session, direct_effect_is
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import lookup_model, lookup_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS = lookup_prompts()


def writes(model, addresses, **options):
    return direct_effect_is(model[addresses], on=PROMPTS, **options).check()


def test_the_head_that_writes_the_answer_is_supported(model_of):
    evidence = writes(model_of(PLANTED), "L1H0", by=1.0)
    assert evidence.verdict is SUPPORTED
    effect = next(each for each in evidence.findings if each.name == "direct effect")
    assert effect.low < 2.0 < effect.high
    assert "the direct effect of L1H0 on the logit difference is above +1.00" in evidence.sentence


@pytest.mark.parametrize("address", ["L1H2", "L1H3"])
def test_what_moves_the_answer_by_way_of_the_mlp_is_not_supported(model_of, address):
    """It writes exactly nothing into the answer, on every prompt: too even to be a sample."""
    assert writes(model_of(PLANTED), address, by=0.5).verdict is INCONCLUSIVE


@pytest.mark.parametrize("address", ["L0H0", "L1H7"])
def test_what_writes_elsewhere_has_none(model_of, address):
    model = model_of(PLANTED)
    assert writes(model, address, by=0.5).verdict is REFUTED
    assert writes(model, address, within=0.2).verdict is SUPPORTED


def test_the_mlp_writes_for_them(model_of):
    evidence = writes(model_of(PLANTED), "L1.mlp", within=5.0)
    effect = next(each for each in evidence.findings if each.name == "direct effect")
    assert effect.low < 2.0 < effect.high


def test_components_of_a_set_are_summed(model_of):
    model = model_of(PLANTED)
    both = writes(model, ("L1H0", "L1H1"), by=1.0)
    effect = next(each for each in both.findings if each.name == "direct effect")
    assert effect.low < 3.5 < effect.high


def test_a_head_that_writes_for_the_answer_does_not_write_against_it(model_of):
    assert writes(model_of(PLANTED), "L1H0", by=-0.5).verdict is REFUTED


def test_one_that_writes_against_it_is_found(model_of):
    against = lookup_model(effect=2.0, constant=-1.5, backup=4.0)
    model = Session().model(against)
    evidence = writes(model, "L1H1", by=-0.5)
    effect = next(each for each in evidence.findings if each.name == "direct effect")
    assert effect.low < -1.5 < effect.high
    assert effect.verdict is SUPPORTED
    assert writes(model, "L1H1", by=0.5).verdict is REFUTED


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    heads = [model.head(layer, head) for layer in range(2) for head in range(8)]
    claims = [direct_effect_is(head, on=PROMPTS, by=by) for head in heads for by in (0.1, -0.1)]
    assert SUPPORTED not in {each.verdict for each in session.evaluate(claims)}


def test_all_parts_add_up_to_the_logit_difference(model_of):
    """With no final norm, the heads and MLPs write all there is but what the embedding does."""
    from circuit_assert.measurements import LogitDifference, Request
    from circuit_assert.measurements.direct import DirectLogitDifference

    model = model_of(PLANTED)
    direct, whole = model.court.measure(
        model, [Request(DirectLogitDifference(), PROMPTS), Request(LogitDifference(), PROMPTS)]
    )
    assert direct.shape == (len(PROMPTS), 2, 9)
    assert direct.sum((1, 2)) == pytest.approx(whole, abs=1e-4)


def test_bad_arguments_fail_before_anything_is_measured(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ClaimError, match="by= or within="):
        direct_effect_is(model["L1H0"], on=PROMPTS)
    with pytest.raises(ClaimError, match="by= or within="):
        direct_effect_is(model["L1H0"], on=PROMPTS, by=1.0, within=1.0)
    with pytest.raises(ComponentError, match="heads and MLPs; got L1N3"):
        direct_effect_is(model["L1N3"], on=PROMPTS, by=1.0)
