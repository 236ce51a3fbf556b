"""Measuring ahead: fewer runs, the same evidence, and nobody is told before they ask."""

import warnings
from dataclasses import replace

import pytest

from circuit_assert import (
    DiscoveryWarning,
    Session,
    discover,
    head_attends_inductively,
    head_is_induction,
    prefix_matching_score,
    repeated_tokens,
)
from circuit_assert.errors import ModelError, TokenError
from circuit_assert.models.planted_models import induction_model

PLAIN = induction_model()
ON = repeated_tokens(lengths=(4, 5, 6), sequences=12)
TOO_LONG = repeated_tokens(lengths=(4, 5, 6000), sequences=12)
HEADS = ("L1H0", "L1H1", "L0H0")


def claims_of(model):
    return [
        kind(model[head], on=ON)
        for kind in (head_attends_inductively, head_is_induction)
        for head in HEADS
    ]


def no_weights():
    raise ModelError("the weights are gone")


def engine_of(session):
    (known,) = session._known.values()
    return known


def judged(session, *, ahead):
    """Verdicts, runs, and block executions of six claims that are judged one by one."""
    claims = claims_of(session.model(PLAIN))
    if ahead:
        session.prefetch(claims_of(session.model(PLAIN)))
    verdicts = [claim.check().verdict for claim in claims]
    assert sum(claim.check().runs for claim in claims) == engine_of(session).runs
    return verdicts, engine_of(session).runs, engine_of(session).weights.blocks_run


def test_six_claims_take_fewer_runs_ahead_than_one_by_one():
    alone, together = judged(Session(), ahead=False), judged(Session(), ahead=True)
    assert together[0] == alone[0]
    assert (alone[1], together[1]) == (18, 12)
    assert alone[2] - together[2] == 22


def test_what_was_measured_ahead_runs_nothing_when_it_is_asked_for():
    session = Session()
    session.prefetch(claims_of(session.model(PLAIN)))
    runs = engine_of(session).runs
    for claim in claims_of(session.model(PLAIN)):
        claim.check()
    assert engine_of(session).runs == runs


def test_nobody_is_told_of_a_verdict_before_it_is_asked_for():
    session, told = Session(), []
    session.on_judged.append(lambda claim, _: told.append(claim.id))
    (claim, *_) = claims_of(session.model(PLAIN))
    session.prefetch([claim])
    assert told == []
    claim.check()
    assert told == [claim.id]


def test_a_claim_that_cannot_be_judged_fails_alone_and_where_it_is_judged():
    session = Session()
    model = session.model(PLAIN)
    wrong = head_attends_inductively(model["L1H0"], on=TOO_LONG)
    good = claims_of(model)
    session.prefetch([*good[:2], wrong, *good[2:]])
    runs = engine_of(session).runs
    for claim in good:
        claim.check()
    assert engine_of(session).runs == runs
    with pytest.raises(TokenError):
        wrong.check()


def test_a_model_that_does_not_load_is_tried_once_and_fails_where_a_claim_is_judged():
    loading = []
    session = Session(progress=lambda text, *_: loading.append(text))
    broken = session.model(replace(PLAIN, name="broken", weights=no_weights))
    claims = [head_attends_inductively(broken[head], on=ON) for head in HEADS]
    session.prefetch(claims)
    assert loading == ["loading broken"]
    with pytest.raises(ModelError):
        claims[0].check()


def test_what_is_discovered_after_the_prefetch_is_noted_as_without_it():
    session = Session()
    model = session.model(PLAIN)
    half = repeated_tokens(sequences=48).half("discovery")
    claim = head_attends_inductively(model["L1H0"], on=half)
    session.prefetch([claim])
    discover(prefix_matching_score, model, on=repeated_tokens(sequences=48), versus="corrupt")
    with pytest.warns(DiscoveryWarning, match="L1H0 was found on"):
        evidence = claim.check()
    assert any("L1H0 was found on" in note for note in evidence.notes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert session.judge(claim).notes == evidence.notes
