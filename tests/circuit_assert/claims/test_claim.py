"""Claims as values: what they say, what they refuse to be taken for."""

import pytest

from circuit_assert import (
    Session,
    Verdict,
    ablation_drops_logit,
    all_of,
    attention_to,
    claim,
    contrast,
    head_attends_inductively,
    head_is_induction,
    ioi,
    prefix_matching_score,
    repeated_tokens,
    robustly,
)
from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.quantities import Score
from circuit_assert.errors import CircuitAssertError, ClaimError, ComponentError
from circuit_assert.measurements import Loss, Request
from circuit_assert.models.planted_models import induction_model
from circuit_assert.stats import above

REPEATED = repeated_tokens()


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def gemma(session):
    return session.model("gemma-3-270m")


def test_building_a_claim_measures_nothing(session, gemma, monkeypatch):
    monkeypatch.setattr(session, "judge", lambda claim: pytest.fail("it measured"))
    made = head_is_induction(gemma["L5H1"])
    assert repr(made) == "<L5H1 is an induction head in gemma-3-270m>"


def test_a_claim_type_has_no_truth_value():
    with pytest.raises(TypeError, match=r"call it, as in `assert head_is_induction\(model\[…\]\)`"):
        assert head_is_induction


@pytest.mark.parametrize("other", [True, False, None, 1, "supported"])
def test_a_claim_does_not_compare_with_anything_but_claims(gemma, other):
    with pytest.raises(TypeError, match="assert not claim"):
        assert head_is_induction(gemma["L5H1"]) == other


def test_equal_claims_are_equal(gemma):
    assert head_is_induction(gemma["L5H1"]) == head_is_induction(gemma["L5H1"])
    assert head_is_induction(gemma["L5H1"]) != head_is_induction(gemma["L5H2"])
    assert len({head_is_induction(gemma["L5H1"]), head_is_induction(gemma["L5H1"])}) == 1


def test_the_identity_holds_everything_that_is_claimed(gemma):
    def drops(**changes):
        given = {"on": ioi(), "by": 1.0, **changes}
        return ablation_drops_logit(gemma["L11H3"], **given).id

    ids = [
        drops(),
        drops(by=2.0),
        drops(ablation="zero"),
        drops(on=ioi(per_template=2)),
        drops(reference="corrupt"),
        drops(metric="centred logit"),
    ]
    assert len(set(ids)) == len(ids)
    assert drops() == ids[0]


def test_claims_of_one_name_that_rest_on_different_things_are_judged_apart(session):
    """As where a function is written once more, with another bound in it."""
    planted = session.model(induction_model())

    def attends_by(least):
        @claim("{head} attends")
        def head_attends(head):
            return contrast(prefix_matching_score(head), versus=0.0, on=REPEATED, by=least)

        return head_attends(planted["L1H0"])

    little, more = attends_by(0.1), attends_by(1.5)
    assert little.id == more.id
    assert little != more
    assert attends_by(0.1) == little
    together = session.evaluate([little, more])
    assert [evidence.verdict for evidence in together] == [Verdict.SUPPORTED, Verdict.REFUTED]
    assert attends_by(0.2).check().verdict is Verdict.SUPPORTED
    assert attends_by(1.2).check().verdict is Verdict.REFUTED


def test_what_ships_is_told_by_its_arguments_and_nothing_else_of_it_is_kept(gemma):
    assert head_is_induction(gemma["L5H1"]).key.rests is None
    robust = robustly(head_attends_inductively, gemma["L5H1"], over={"by": [0.3, 0.4]}, on=REPEATED)
    assert robust.key.rests is not None


def test_the_false_pass_rate_is_part_of_the_identity(gemma):
    strict = Session(false_pass_rate=0.001).model("gemma-3-270m")
    assert head_is_induction(gemma["L5H1"]).id != head_is_induction(strict["L5H1"]).id


def test_sentences_name_their_arguments(gemma):
    drop = ablation_drops_logit(gemma["L11H3", "L13H3"], on=ioi(), by=1.5)
    assert drop.words == "Ablating L11H3 and L13H3 drops the logit by 1.5"


def test_a_sentence_with_an_unknown_argument_is_refused():
    with pytest.raises(ClaimError, match=r"names \{tail\}"):

        @claim("{tail} wags")
        def head_wags(head):
            """Never made."""


def test_a_claim_needs_a_model():
    @claim("nothing is claimed")
    def nothing():
        """About no model."""
        quantity = Score(Request(Loss(), REPEATED))
        return all_of(Criterion("loss", quantity, above(0.0), "loss", "nats"))

    with pytest.raises(ClaimError, match="are of none"):
        nothing()


def test_a_claim_is_about_one_model(session, gemma):
    @claim("{one} does as {two}")
    def heads_agree(one, two):
        """Of two models."""
        return contrast(
            prefix_matching_score(one), versus=prefix_matching_score(two), on=REPEATED, by=0.0
        )

    other = session.model("smollm2-135m-instruct")
    with pytest.raises(ClaimError, match="gemma-3-270m and smollm2-135m-instruct"):
        heads_agree(gemma["L5H1"], other["L18H6"])


def test_a_claim_function_returns_criteria(gemma):
    @claim("{head} is nice")
    def head_is_nice(head):
        """Of no substance."""
        return True

    with pytest.raises(ClaimError, match="returns contrast"):
        head_is_nice(gemma["L5H1"])


def test_by_or_within_but_not_both(gemma):
    score = prefix_matching_score(gemma["L5H1"])
    for bounds in ({}, {"by": 0.1, "within": 0.1}):
        with pytest.raises(ClaimError, match="by="):
            contrast(score, versus=0.0, on=REPEATED, **bounds)


def test_a_claim_about_one_head_refuses_a_set(gemma):
    with pytest.raises(ComponentError, match="about one head"):
        head_is_induction(gemma["L5H1", "L5H2"])
    with pytest.raises(ComponentError, match="about one head"):
        attention_to(gemma["L5N1"], "IO")


def test_induction_needs_several_block_lengths(gemma):
    with pytest.raises(ClaimError, match="at least three lengths"):
        head_attends_inductively(gemma["L5H1"], on=repeated_tokens(lengths=(20,)))


def test_an_unknown_ablation_is_refused_before_anything_loads(gemma):
    with pytest.raises(ClaimError, match="resample"):
        ablation_drops_logit(gemma["L5H1"], on=ioi(), by=1.0, ablation="median")
    with pytest.raises(ClaimError, match="centred logit"):
        ablation_drops_logit(gemma["L5H1"], on=ioi(), by=1.0, metric="probability")


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.5, 2.0])
def test_a_false_pass_rate_is_a_small_probability(rate):
    with pytest.raises(CircuitAssertError, match=r"between 0 and 0.5"):
        Session(false_pass_rate=rate)
