"""Claims about attention on a model whose heads attend where they are said to, with decoys."""

import pytest

from circuit_assert import (
    head_attends_to,
    head_is_duplicate_token,
    head_is_previous_token,
    ioi,
    repeated_tokens,
)
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import (
    attention_model,
    induction_model,
    role_prompts,
    run_documents,
)
from circuit_assert.models.planted_models.graded_attention import LENGTHS
from circuit_assert.prompts.passages import Passages
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = attention_model(), attention_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
TEXT, REPEATED, ROLES = run_documents(), repeated_tokens(lengths=LENGTHS), role_prompts()
OWNER_SECOND = ROLES.where(lambda prompt: len(prompt.positions["owner"].split()) == 5)
HEADS = range(12)


def head(model, number):
    shared = model.card.heads // model.card.kv_heads
    return model.head(0, shared * number)


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


def attends_to_owner(subject, *, on=ROLES, versus="rival", by=0.3):
    return head_attends_to(subject, "owner", on=on, versus=versus, by=by)


@BOTH
def test_the_previous_token_head_is_one(model_of, planted):
    evidence = head_is_previous_token(head(model_of(planted), 0), on=TEXT).check()

    assert {found.verdict for found in evidence.findings} == {SUPPORTED}
    assert evidence.verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize("number", [n for n in HEADS if n not in {0, 2}])
def test_other_heads_are_no_previous_token_heads(model_of, planted, number):
    assert (
        head_is_previous_token(head(model_of(planted), number), on=TEXT).check().verdict is REFUTED
    )


@BOTH
def test_a_head_that_knows_what_comes_before_fails_in_another_order_only(model_of, planted):
    evidence = head_is_previous_token(head(model_of(planted), 3), on=TEXT).check()

    assert finding(evidence, "on text").verdict is SUPPORTED
    assert finding(evidence, "in any order").verdict is REFUTED
    assert finding(evidence, "on random tokens").verdict is REFUTED


@BOTH
def test_a_head_that_attends_as_much_two_before_fails_its_control(model_of, planted):
    evidence = head_is_previous_token(head(model_of(planted), 2), on=TEXT, by=0.3).check()

    assert evidence.verdict is INCONCLUSIVE
    assert "not two before" in evidence.reason


@pytest.mark.parametrize("grouped", [False, True], ids=["plain", "grouped"])
def test_heads_of_the_induction_model_that_attend_back_by_one(model_of, grouped):
    model = model_of(induction_model(grouped_queries=grouped))
    text = Passages(TEXT, tokens=24)
    back_by_one = ("L0H0", "L1H2")
    for address in (*back_by_one, "L0H1", "L0H2", "L1H0", "L1H3"):
        verdict = head_is_previous_token(model[address], on=text).check().verdict
        assert verdict is (SUPPORTED if address in back_by_one else REFUTED), address


@BOTH
@pytest.mark.parametrize("number", HEADS)
def test_the_duplicate_token_head(model_of, planted, number):
    claim = head_is_duplicate_token(head(model_of(planted), number), on=REPEATED, by=0.3)
    assert claim.check().verdict is (SUPPORTED if number == 4 else REFUTED)


def test_a_duplicate_token_head_is_one_on_the_prompts_that_it_says(model_of):
    claim = head_is_duplicate_token(head(model_of(PLAIN), 4), on=REPEATED, by=0.3)
    assert "is a duplicate-token head on repeated random tokens in" in claim.sentence


def test_a_fixed_distance_is_no_duplicate(model_of):
    """It attends 11 back, where blocks of 11 have the duplicate, repeated or not."""
    fixed = model_of(induction_model())["L1H3"]
    claim = head_is_duplicate_token(fixed, on=repeated_tokens(lengths=(11,)), by=0.05)
    assert claim.check().verdict is REFUTED


@BOTH
@pytest.mark.parametrize("versus", ["rival", "corrupt", ("rival", "corrupt")])
def test_the_head_that_attends_to_the_owner(model_of, planted, versus):
    evidence = attends_to_owner(head(model_of(planted), 8), versus=versus).check()

    assert {found.verdict for found in evidence.findings} == {SUPPORTED}
    assert evidence.verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize("number", [n for n in HEADS if n != 8])
def test_no_other_head_attends_to_the_owner(model_of, planted, number):
    assert attends_to_owner(head(model_of(planted), number)).check().verdict is not SUPPORTED


def test_a_head_that_attends_as_much_to_the_rival_is_refuted(model_of):
    either = head(model_of(PLAIN), 9)
    assert attends_to_owner(either).check().verdict is REFUTED
    assert attends_to_owner(either, versus="corrupt").check().verdict is SUPPORTED


def test_attending_to_the_neighbourhood_fails_the_control(model_of):
    evidence = attends_to_owner(head(model_of(PLAIN), 10), on=OWNER_SECOND, by=0.1).check()

    assert finding(evidence, "more than to 'rival'").verdict is SUPPORTED
    assert finding(evidence, "not beside").effect < 0
    assert evidence.verdict is INCONCLUSIVE


def test_less_than_an_even_share_fails_the_control(model_of):
    """Its attention is almost even; against next to no bound, only the control is left."""
    evidence = attends_to_owner(head(model_of(PLAIN), 11), versus="corrupt", by=-0.5).check()

    assert finding(evidence, "more than on the corrupt side").verdict is SUPPORTED
    assert evidence.verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"role": "ownr"}, "Try 'owner'"),
        ({"versus": "S1"}, "has no position 'S1'"),
        ({"versus": "owner"}, "other roles than 'owner'"),
        ({"versus": ()}, "other roles"),
        ({"role": "end", "at": "owner"}, "does not come before 'owner'"),
    ],
)
def test_roles_that_cannot_be_meant_are_refused_before_a_run(model_of, arguments, message):
    given = {"role": "owner", "versus": "rival", "on": ROLES, "by": 0.3} | arguments
    with pytest.raises(ClaimError, match=message):
        head_attends_to(model_of(PLAIN)["L0H8"], given.pop("role"), **given)


def test_duplicates_between_roles_need_the_roles(model_of):
    with pytest.raises(ClaimError, match="name the roles"):
        head_is_duplicate_token(model_of(PLAIN)["L0H4"], on=ioi(), by=0.3)
    with pytest.raises(ClaimError, match="Try 'S"):
        head_is_duplicate_token(model_of(PLAIN)["L0H4"], on=ioi(), by=0.3, second="S2", first="S3")


def test_one_head_at_a_time(model_of):
    both = model_of(PLAIN)["L0H0", "L0H1"]
    for claim in (
        lambda: head_is_previous_token(both, on=TEXT),
        lambda: head_is_duplicate_token(both, on=REPEATED, by=0.3),
        lambda: attends_to_owner(both),
    ):
        with pytest.raises(ComponentError, match="about one head"):
            claim()


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    claims = [
        claim
        for each in model.heads().each()
        for claim in (
            head_is_previous_token(each, on=TEXT),
            head_is_duplicate_token(each, on=REPEATED, by=0.3),
            attends_to_owner(each),
        )
    ]
    supported = [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]
    assert not supported
