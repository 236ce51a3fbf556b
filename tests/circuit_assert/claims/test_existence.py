"""Claims about families of heads: what they say, and what they refuse, before anything is run."""

import pytest

from circuit_assert import (
    Session,
    ablation_drops_logit,
    attention_to,
    claim,
    contrast,
    exactly_these_heads_are,
    head_attends_inductively,
    head_is_induction,
    ioi,
    neuron_promotes_token,
    plain_text,
    repeated_tokens,
    some_head_is,
)
from circuit_assert.claims.criteria import Fact, Question, leaves_of
from circuit_assert.errors import ClaimError, ComponentError, PromptError


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def gemma(session):
    return session.model("gemma-3-270m")


@claim("{head} attends to the indirect object")
def head_attends_to_the_indirect_object(head, *, on, by=0.2):
    """A user's own."""
    return contrast(attention_to(head, "IO"), versus=attention_to(head, "S1"), on=on, by=by)


def test_building_one_measures_nothing(session, gemma, monkeypatch):
    monkeypatch.setattr(session, "judge", lambda claim: pytest.fail("it measured"))
    made = []
    session.on_made.append(made.append)
    family = gemma.heads(layers=range(4, 9))
    some, exact = (
        some_head_is(head_is_induction, family),
        exactly_these_heads_are(head_is_induction, gemma["L5H1"], family),
    )
    assert made == [some, exact]  # the claims about each member are nobody's
    assert repr(some) == "<some head of L4–L8 is an induction head in gemma-3-270m>"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda m: some_head_is(head_is_induction, m["L4H0", "L5H1"]),
            "some head among L4H0 and L5H1 is an induction head",
        ),
        (
            lambda m: some_head_is(ablation_drops_logit, m.heads(layers=[11]), on=ioi(), by=1.0),
            "Ablating some head of L11 drops the logit by 1",
        ),
        (
            lambda m: some_head_is(
                head_attends_to_the_indirect_object, m.heads(layers=[1, 3, 4]), on=ioi()
            ),
            "some head of L1 and L3–L4 attends to the indirect object",
        ),
        (
            lambda m: exactly_these_heads_are(head_is_induction, m["L5H1"], m.heads(layers=[5])),
            "L5H1, and no other head of L5, is an induction head",
        ),
        (
            lambda m: exactly_these_heads_are(
                ablation_drops_logit, m["L5H1", "L5H2"], m.heads(layers=[5, 6]), on=ioi(), by=0.5
            ),
            "Ablating each of L5H1 and L5H2, and no other head of L5–L6, drops the logit by 0.5",
        ),
    ],
)
def test_sentences_are_those_of_the_kind(gemma, make, words):
    assert make(gemma).words == words


def test_the_family_is_judged_on_the_test_half_and_searched_on_the_other(gemma):
    on = repeated_tokens(sequences=30)
    body = some_head_is(head_is_induction, gemma["L4H0", "L5H1"], on=on).body
    assert (body.searched_on, body.on) == (on.half("discovery"), on.half("test"))
    first = [leaves_of(member.body.primaries)[0] for member in (*body.members, *body.searched)]
    assert [str(leaf.name) for leaf in first] == ["L4H0 pattern", "L5H1 pattern"] * 2
    assert {leaf.quantity.left.request.on for leaf in first[:2]} == {on.half("test")}
    assert {leaf.quantity.left.request.on for leaf in first[2:]} == {on.half("discovery")}


def test_by_default_each_half_is_as_large_as_what_the_kind_is_tested_on(gemma):
    body = some_head_is(head_is_induction, gemma["L4H0", "L5H1"]).body
    assert len(body.on) == len(body.searched_on) == len(repeated_tokens())
    exact = exactly_these_heads_are(head_is_induction, gemma["L4H0"], gemma["L4H0", "L5H1"])
    assert exact.body.on == repeated_tokens()


def test_the_identity_holds_everything_that_is_claimed(gemma):
    family = gemma.heads(layers=[4, 5])

    def some(kind=head_is_induction, among=family, **changes):
        return some_head_is(kind, among, **changes).id

    ids = [
        some(),
        some(kind=head_attends_inductively),
        some(among=gemma.heads(layers=[4])),
        some(by=0.3),
        some(on=repeated_tokens(sequences=36)),
        exactly_these_heads_are(head_is_induction, gemma["L4H0"], family).id,
        exactly_these_heads_are(head_is_induction, gemma["L4H1"], family).id,
    ]
    assert len(set(ids)) == len(ids)
    assert some(by=0.4) == ids[0]  # the kind's own default, said


def test_what_makes_no_family_is_refused(gemma):
    family = gemma.heads(layers=[4, 5])
    with pytest.raises(ClaimError, match="at least two heads; got L5H1"):
        some_head_is(head_is_induction, gemma["L5H1"])
    with pytest.raises(ComponentError, match="has no neuron: got L1N5"):
        some_head_is(head_is_induction, gemma["L1H0", "L1N5"])
    with pytest.raises(ClaimError, match="L9H0 is not of the family: the heads of L4–L5"):
        exactly_these_heads_are(head_is_induction, gemma["L9H0"], family)
    with pytest.raises(ClaimError, match="is the whole family"):
        exactly_these_heads_are(head_is_induction, family, family)


def test_what_is_no_kind_is_refused(gemma):
    family = gemma.heads(layers=[4])
    with pytest.raises(ClaimError, match="not called yet"):
        some_head_is(head_is_induction(gemma["L5H1"]), family)
    with pytest.raises(ClaimError, match="about a family already"):
        some_head_is(some_head_is, family)
    with pytest.raises(ComponentError, match="about one neuron"):
        some_head_is(neuron_promotes_token, family, token=" to", on=plain_text(), by=0.1)


def test_arguments_of_the_kind_that_are_missing_or_wrong_are_refused(gemma):
    family = gemma.heads(layers=[4])
    with pytest.raises(ClaimError, match="no prompts of its own: give on="):
        some_head_is(ablation_drops_logit, family, by=1.0)
    with pytest.raises(TypeError, match="by"):
        some_head_is(ablation_drops_logit, family, on=ioi())
    with pytest.raises(PromptError, match="is a half already"):
        some_head_is(head_is_induction, family, on=repeated_tokens().half("test"))
    with pytest.raises(ClaimError, match="at least three lengths"):
        some_head_is(head_is_induction, family, on=repeated_tokens(lengths=(12, 18)))


def test_a_kind_that_does_not_name_its_head_or_cannot_rank_is_refused(gemma):
    @claim("a head attends to the indirect object")
    def nameless(head, *, on=ioi()):
        """Its sentence names no head."""
        return contrast(attention_to(head, "IO"), versus=attention_to(head, "S1"), on=on, by=0.2)

    class Asked(Question):
        def needs(self, scores):
            return ()

        def answer(self, scores, alpha):
            raise NotImplementedError

    @claim("{head} is a fact")
    def factual(head, *, on=ioi()):
        """Its first criterion has no estimate."""
        return Fact("fact", Asked(), "it is")

    with pytest.raises(ClaimError, match=r"does not name \{head\}"):
        some_head_is(nameless, gemma.heads(layers=[4]))
    with pytest.raises(ClaimError, match="cannot rank heads"):
        some_head_is(factual, gemma.heads(layers=[4]))


def test_a_kind_of_families_has_no_truth_value():
    with pytest.raises(TypeError, match="call it"):
        assert some_head_is


def test_heads_of_layers(gemma, session):
    assert [str(c) for c in gemma.heads(layers=[3]).components] == ["L3H0", "L3H1", "L3H2", "L3H3"]
    assert len(gemma.heads().components) == 18 * 4
    assert str(gemma.heads(layers=(9, 4, 5, 6, 5))) == "the heads of L4–L6 and L9"
    assert str(gemma.heads(layers=(1, 3, 5))) == "the heads of L1, L3 and L5"
    assert gemma.heads(layers=[3]) == gemma["L3H0", "L3H1", "L3H2", "L3H3"]
    with pytest.raises(ComponentError, match="has no L18: it has layers 0 to 17"):
        gemma.heads(layers=[17, 18])
    with pytest.raises(ComponentError, match="heads of no layers"):
        gemma.heads(layers=[])
    with pytest.raises(ComponentError, match="has not been fetched"):
        session.model("somebody/some-model-that-is-not-there").heads()
