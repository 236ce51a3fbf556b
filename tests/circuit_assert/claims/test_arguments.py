"""Mistakes in calls of claim functions: what was wrong, what was meant; no model is loaded."""

import math

import pytest

import circuit_assert
from circuit_assert import (
    Prompt,
    PromptSet,
    Session,
    ablation_drops_logit,
    claim,
    contrast,
    emerges,
    head_is_induction,
    ioi,
    patching_restores_logit,
    prefix_matching_score,
    repeated_tokens,
)
from circuit_assert.errors import ClaimError, ComponentError, PromptError

IOI = ioi(per_template=1)


@pytest.fixture
def gemma(monkeypatch):
    session = Session()
    monkeypatch.setattr(session, "_loaded", lambda spec: pytest.fail("it loaded a model"))
    return session.model("gemma-3-270m")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"on": "When Mary and John"},
            r"on= is a prompt set, as ioi\(\).*got 'When Mary and John'",
        ),
        ({"on": ["When Mary"]}, "on= is a prompt set"),
        ({"on": ioi}, r"on= is a prompt set; got the function ioi: call it, as ioi\(\)"),
        ({"reference": "corupt"}, "reference= is a prompt set or \"corrupt\".*got 'corupt'"),
        ({"by": "1.0"}, "by= is a number; got '1.0'"),
        ({"by": True}, "by= is a number; got True"),
        ({"by": math.nan}, "by= is a number; got nan"),
        ({"by": -1.0}, "by= is the smallest size that counts, 0 or more.*got -1"),
        ({"component": "L5H1"}, r"component= is .* model\[\"L5H1\"\]; got 'L5H1'"),
    ],
)
def test_what_an_argument_has_to_be_is_said(gemma, given, said):
    component = given.pop("component", gemma["L5H1"])
    with pytest.raises(ClaimError, match=f"ablation_drops_logit: {said}"):
        ablation_drops_logit(component, **{"on": IOI, "by": 1.0, **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"on": IOI}, r"ablation_drops_logit needs by=; it is ablation_drops_logit\(component, \*"),
        ({}, "needs on= and by="),
        ({"on": IOI, "bye": 1.0}, "takes no bye=: did you mean by="),
        ({"prompts": IOI, "by": 1.0}, r"takes no prompts=; it is ablation_drops_logit\("),
    ],
)
def test_a_name_that_is_wrong_or_missing_is_told_with_those_there_are(gemma, given, said):
    with pytest.raises(TypeError, match=said):
        ablation_drops_logit(gemma["L5H1"], **given)


def test_what_goes_by_name_is_not_taken_by_place(gemma):
    with pytest.raises(TypeError, match="takes 1 of its arguments by place, and got 3"):
        ablation_drops_logit(gemma["L5H1"], IOI, 1.0)


def test_what_is_right_is_taken(gemma):
    assert ablation_drops_logit(gemma["L5H1"], on=IOI, by=0, reference="corrupt").words
    assert patching_restores_logit(gemma["L5H1"], on=IOI, by=1.0).words


def test_a_function_of_users_that_says_nothing_of_its_arguments_takes_any(gemma):
    @claim("{head} does")
    def does(head, *, on, by):
        return contrast(prefix_matching_score(head), versus=0.0, on=on[0], by=float(by))

    assert does(gemma["L5H1"], on=[repeated_tokens()], by="0.5").arguments["by"] == "0.5"
    with pytest.raises(TypeError, match="does needs by="):
        does(gemma["L5H1"], on=[repeated_tokens()])


@pytest.mark.parametrize("written", ["L5.H1", "5.1", "L5 H1", "layer 5 head 1", "(5, 1)"])
def test_an_address_that_can_be_guessed_is_guessed(gemma, written):
    with pytest.raises(ComponentError, match=r"did you mean L5H1\?"):
        gemma[written]


def test_an_address_is_a_text(gemma):
    with pytest.raises(ComponentError, match=r"is a text, as model\['L5H1'\]; got \(5, 1\)"):
        gemma[5, 1]


def test_layers_are_several(gemma):
    with pytest.raises(ComponentError, match=r"as layers=\[5\]; got 5"):
        gemma.heads(layers=5)


def test_a_prompt_set_is_of_prompts():
    with pytest.raises(PromptError, match="prompt 1 of 'mine' is no Prompt but 'a text'"):
        PromptSet("mine", (Prompt("one", clusters={"template": "t"}), "a text"))


def test_one_model_is_not_several(gemma):
    with pytest.raises(ClaimError, match="over= are several models in order"):
        emerges(lambda model: head_is_induction(model["L5H1"]), over=gemma, after="a", by="b")


def test_a_misspelt_name_of_the_package_is_told_with_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'head_is_induction'"):
        circuit_assert.head_is_inducton  # noqa: B018 - to read it is what is tried
