"""Patching claims on a model whose heads move the answer by known numbers of logits."""

import pytest

from circuit_assert import Session, patching_breaks_logit, patching_restores_logit
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import lookup_model, lookup_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS = lookup_prompts()
BOTH = pytest.mark.parametrize("patching", [patching_restores_logit, patching_breaks_logit])


def found(evidence, name):
    return next(each for each in evidence.findings if each.name == name)


@BOTH
def test_the_head_that_carries_the_answer_is_supported(model_of, patching):
    evidence = patching(model_of(PLANTED)["L1H0"], on=PROMPTS, by=1.0).check()
    assert evidence.verdict is SUPPORTED
    effect = found(evidence, evidence.findings[1].name)
    assert effect.low < 2.0 < effect.high


@BOTH
def test_a_bound_above_what_it_carries_is_refuted(model_of, patching):
    assert patching(model_of(PLANTED)["L1H0"], on=PROMPTS, by=3.0).check().verdict is REFUTED


@pytest.mark.parametrize("address", ["L1H2", "L1H3"])
def test_either_of_two_that_back_each_other_up_restores_and_neither_breaks(model_of, address):
    head = model_of(PLANTED)[address]
    assert patching_restores_logit(head, on=PROMPTS, by=1.0).check().verdict is SUPPORTED
    assert patching_breaks_logit(head, on=PROMPTS, by=1.0).check().verdict is REFUTED


def test_both_of_them_break(model_of):
    heads = model_of(PLANTED)["L1H2", "L1H3"]
    assert patching_breaks_logit(heads, on=PROMPTS, by=1.0).check().verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize("address", ["L1H1", "L0H0", "L0H7", "L1H4", "L1H7"])
def test_what_writes_as_much_and_carries_nothing_is_refuted(model_of, patching, address):
    claim = patching(model_of(PLANTED)[address], on=PROMPTS, by=0.5)
    assert claim.check().verdict is REFUTED


def test_the_share_is_a_ratio_of_means(model_of):
    """L1H0 carries 2 of the 4 logits that the corruption takes."""
    head = model_of(PLANTED)["L1H0"]
    evidence = patching_breaks_logit(head, on=PROMPTS, by=1.0, share=0.4).check()
    assert evidence.verdict is SUPPORTED
    share = found(evidence, "share")
    assert share.low < 0.5 < share.high
    assert patching_breaks_logit(head, on=PROMPTS, by=1.0, share=0.6).check().verdict is REFUTED


@BOTH
def test_where_the_corruption_takes_nothing_there_is_nothing_to_restore(model_of, patching):
    """Another cue with the same answer and foil asked for: the score does not change."""
    from dataclasses import replace

    same = replace(
        PROMPTS, prompts=tuple(replace(p, corrupt=p.text, foil=p.foil) for p in PROMPTS.prompts)
    )
    evidence = patching(model_of(PLANTED)["L1H0"], on=same, by=0.1, share=0.1).check()
    assert evidence.verdict is INCONCLUSIVE


@BOTH
@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(patching, seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    heads = [f"L{layer}H{head}" for layer in range(2) for head in range(8)]
    claims = [patching(model[address], on=PROMPTS, by=0.5) for address in heads]
    assert SUPPORTED not in {each.verdict for each in session.evaluate(claims)}


def test_at_the_end_the_head_carries_as_much_and_elsewhere_nothing(model_of):
    head = model_of(PLANTED)["L1H0"]
    at_end = patching_restores_logit(head, on=PROMPTS, by=1.0, at="end").check()
    assert at_end.verdict is SUPPORTED
    at_cue = patching_restores_logit(head, on=PROMPTS, by=0.5, at="cue").check()
    assert at_cue.verdict is not SUPPORTED


@BOTH
def test_bad_arguments_fail_before_anything_is_measured(model_of, patching):
    head = model_of(PLANTED)["L1H0"]
    with pytest.raises(ClaimError, match="above 0; got -1"):
        patching(head, on=PROMPTS, by=1.0, share=-1.0)
    with pytest.raises(ClaimError, match="metric is one of"):
        patching(head, on=PROMPTS, by=1.0, metric="probability")
