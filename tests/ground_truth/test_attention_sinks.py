"""Attention sinks on a model whose heads rest where they are said to, with decoys."""

import pytest

from circuit_assert import head_is_attention_sink
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import attention_model, drawn_documents
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = attention_model(), attention_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
TEXT = drawn_documents()
PLACE, LOUD, TOKEN = 5, 6, 7  # rests on the first place; likewise, its value large; on the token
PLACES = ("first place", "beginning token")


def sink(model, number, **arguments):
    shared = model.card.heads // model.card.kv_heads
    return head_is_attention_sink(model.head(0, shared * number), on=TEXT, **arguments)


def verdicts(claim):
    return {found.name: found.verdict for found in claim.check().findings}


@BOTH
@pytest.mark.parametrize(("number", "rests_on"), [(PLACE, PLACES[0]), (TOKEN, PLACES[1])])
def test_a_head_that_rests_there_is_a_sink(model_of, planted, number, rests_on):
    claim = sink(model_of(planted), number, rests_on=rests_on)

    assert set(verdicts(claim).values()) == {SUPPORTED}
    assert claim.check().verdict is SUPPORTED
    assert f"the {rests_on} in" in claim.sentence


@BOTH
@pytest.mark.parametrize(
    ("number", "rests_on", "guard"),
    [(TOKEN, PLACES[0], "by place"), (PLACE, PLACES[1], "by token")],
)
def test_place_and_token_are_told_apart(model_of, planted, number, rests_on, guard):
    evidence = sink(model_of(planted), number, rests_on=rests_on).check()

    assert evidence.verdict is INCONCLUSIVE
    assert guard in evidence.reason


@BOTH
@pytest.mark.parametrize("rests_on", PLACES)
def test_a_large_value_there_is_no_rest(model_of, planted, rests_on):
    claim = sink(model_of(planted), LOUD, rests_on=rests_on)

    assert claim.check().verdict is REFUTED
    assert verdicts(claim)["attention"] is SUPPORTED
    assert verdicts(claim)["value"] is REFUTED


@BOTH
@pytest.mark.parametrize("number", [n for n in range(12) if n not in {3, PLACE, LOUD, TOKEN}])
def test_heads_that_attend_elsewhere_are_none(model_of, planted, number):
    claim = sink(model_of(planted), number)
    assert claim.check().verdict is REFUTED
    assert verdicts(claim)["attention"] is REFUTED


def test_a_head_that_shares_keys_and_values_with_a_sink_is_none(model_of):
    beside = model_of(GROUPED).head(0, 2 * PLACE + 1)
    claim = head_is_attention_sink(beside, on=TEXT)
    assert claim.check().verdict is not SUPPORTED  # it gives nothing, and that without variance
    assert verdicts(claim)["attention"] is not SUPPORTED
    assert verdicts(claim)["value"] is SUPPORTED  # the values are the same ones


def test_without_the_beginning_token_it_is_another_claim(model_of):
    by_place, by_token = (sink(model_of(PLAIN), n, beginning=False) for n in (PLACE, TOKEN))
    lenient = sink(model_of(PLAIN), PLACE, beginning=False, value_norm=3.0)

    assert "first place, without a beginning token in" in by_place.sentence
    assert by_place.check().verdict is REFUTED  # an ordinary token stands there, with its value
    assert verdicts(by_place)["attention"] is SUPPORTED
    assert lenient.check().verdict is SUPPORTED
    assert verdicts(by_token)["attention"] is not SUPPORTED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rests_on": "the floor"}, "'first place' or 'beginning token'"),
        ({"rests_on": PLACES[1], "beginning": False}, "left out"),
        ({"value_norm": 0.0}, "above 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_run(model_of, arguments, message):
    with pytest.raises(ClaimError, match=message):
        sink(model_of(PLAIN), PLACE, **arguments)


def test_one_head_at_a_time(model_of):
    with pytest.raises(ComponentError, match="about one head"):
        head_is_attention_sink(model_of(PLAIN)["L0H5", "L0H7"], on=TEXT)


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    heads = session.model(planted.with_random_weights(seed)).heads().each()
    claims = [
        head_is_attention_sink(head, on=TEXT, rests_on=rests_on)
        for head in heads
        for rests_on in PLACES
    ]
    supported = [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]
    assert not supported
