"""Emergence along planted models in order: of a head that appears at the third, and of others."""

import itertools

import numpy as np
import pytest

from circuit_assert import (
    Inconclusive,
    Session,
    Verdict,
    claim,
    contrast,
    emerges,
    find_emergence,
    head_attends_inductively,
    head_is_previous_token,
    loss,
    repeated_tokens,
)
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded import LENGTHS

TOKENS = repeated_tokens(lengths=LENGTHS)
UNEVEN = np.tile([0.1, 0.7], 15)  # by token: 0.4, the bound, on average
SHARES = {
    "L1H0": (0.02, 0.05, 0.8, 0.9, 0.9),  # appears at the third
    "L1H1": (0.9, 0.9, 0.9, 0.9, 0.9),  # always there
    "L1H2": (0.05, 0.05, 0.05, 0.05, 0.05),  # never there
    "L1H3": (0.05, 0.05, 0.8, 0.05, 0.8),  # comes and goes
    "L1H4": (0.05, 0.05, 0.05, 0.8, 0.9),  # appears later than said
    "L1H5": (0.05, 0.05, UNEVEN, 0.8, 0.9),  # at its bound at the third
}
STEPS = [
    graded_induction_model(
        f"emerging@step{n}",
        tuple(graded_head(shares[n - 1], direct=1.0) for shares in SHARES.values()),
    )
    for n in range(1, 6)
]


@pytest.fixture(scope="module")
def session():
    return Session()


@pytest.fixture(scope="module")
def steps(session):
    """Judged together, so that each model is loaded once for all of these tests."""
    models = [session.model(planted) for planted in STEPS]
    session.prefetch([attends(head, models) for head in SHARES])
    return models


def attends(head, steps, after="step2", by="step3", share=0.4):
    return emerges(
        lambda model: head_attends_inductively(model[head], on=TOKENS, by=share),
        over=steps,
        after=after,
        by=by,
    )


def test_what_appears_at_the_third_is_supported(steps):
    claim = attends("L1H0", steps)
    assert claim
    evidence = claim.check()
    assert evidence.reason == "refuted at step1, step2; supported at step3, step4, step5"
    assert [finding.name for finding in evidence.findings] == [f"step{n}" for n in range(1, 6)]
    assert claim.sentence == (
        "L1H0 attends inductively: not so up to step2, and so from step3 on in "
        "planted-graded-emerging@step1 to step5"
    )


def test_how_much_is_claimed_of_each_is_part_of_the_claim(steps):
    assert attends("L1H0", steps)
    assert not attends("L1H0", steps, share=0.95)  # never as much


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("L1H1", "step1 is supported"),
        ("L1H2", "step3 is refuted"),
        ("L1H3", "step4 is refuted"),
        ("L1H4", "step3 is refuted"),
    ],
)
def test_what_does_not_appear_there_is_refuted(steps, head, why):
    claim = attends(head, steps)
    assert not claim
    assert why in claim.check().reason


def test_what_one_checkpoint_leaves_open_is_open(steps):
    claim = attends("L1H5", steps)
    with pytest.raises(Inconclusive, match="step3 is inconclusive"):
        bool(claim)


def test_between_the_ends_it_may_be_either_way_and_is_not_measured(session, steps):
    made = []
    claim = emerges(
        lambda model: made.append(model.name) or head_attends_inductively(model["L1H3"], on=TOKENS),
        over=steps,
        after="step2",
        by="step5",
    )
    assert claim
    assert [name[-5:] for name in made] == ["step1", "step2", "step5"]


def test_the_same_models_with_random_weights_show_none_of_it():
    session = Session()
    steps = [session.model(planted.with_random_weights()) for planted in STEPS]
    claim = emerges(
        lambda model: head_attends_inductively(model["L1H0"], on=TOKENS),
        over=steps,
        after=steps[1].name,
        by=steps[2].name,
    )
    assert claim.check().verdict is Verdict.REFUTED


def test_each_part_is_a_claim_of_its_own_that_observers_see_one_model_at_a_time(steps):
    session, seen, loaded = Session(), [], []
    session.on_judged.append(lambda claim, evidence: seen.append((claim.kind, claim.model.name)))
    load = session._loaded
    session._loaded = lambda spec: (loaded.append(spec.name), load(spec))[1]
    assert attends("L1H0", [session.model(planted) for planted in STEPS])
    names = [planted.name for planted in STEPS]
    judged = [("head_attends_inductively", name) for name in names]
    assert list(dict.fromkeys(seen)) == [*judged, ("emerges", f"{names[0]} to step5")]
    assert list(dict.fromkeys(loaded)) == names
    assert len(list(itertools.groupby(loaded))) == len(STEPS)


def test_it_is_found_without_a_claim(steps):
    found = find_emergence(
        lambda model: head_attends_inductively(model["L1H0"], on=TOKENS), over=steps
    )
    assert (found.denied_through, found.supported_from) == ("step2", "step3")
    assert "L1H0 attends inductively: not so up to step2, so from step3 on" in str(found)
    assert "step3  ✓ supported" in str(found)
    assert "<td>✗ refuted</td>" in found._repr_html_()


@pytest.mark.parametrize(
    ("head", "denied", "supported"),
    [
        ("L1H1", None, "step1"),
        ("L1H2", "step5", None),
        ("L1H3", "step2", "step5"),
        ("L1H5", "step2", "step4"),
    ],
)
def test_each_end_stops_at_the_first_failure(steps, head, denied, supported):
    found = find_emergence(
        lambda model: head_attends_inductively(model[head], on=TOKENS), over=steps
    )
    assert (found.denied_through, found.supported_from) == (denied, supported)


def test_what_lies_behind_both_failures_is_not_looked_at():
    session = Session()
    steps = [session.model(planted) for planted in STEPS]
    found = find_emergence(
        lambda model: head_attends_inductively(model["L1H1"], on=TOKENS), over=steps[:2]
    )
    assert found.verdicts.keys() == {"step1", "step2"}
    found = find_emergence(
        lambda model: head_attends_inductively(model["L1H2"], on=TOKENS), over=steps
    )
    assert len(session._known) == 5
    other = Session()
    steps = [other.model(planted) for planted in (STEPS[0], *STEPS[2:], *[STEPS[1]])]
    found = find_emergence(
        lambda model: head_attends_inductively(model["L1H3"], on=TOKENS), over=steps
    )
    assert "step4" not in found.verdicts
    assert "step4  not looked at" in str(found)


def test_a_claim_is_told_from_others_by_its_ends_and_its_models(steps):
    claims = [
        attends("L1H0", steps),
        attends("L1H0", steps, by="step4"),
        attends("L1H0", steps, after="step1"),
        attends("L1H0", steps[:4]),
        attends("L1H1", steps),
        attends("L1H0", steps, share=0.95),
    ]
    assert len({claim.id for claim in claims}) == len(claims)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"after": "step9"}, "after='step9' is none of step1, step2"),
        ({"after": "step3", "by": "step3"}, "is a checkpoint after"),
        ({"steps": slice(0, 1)}, "two models or more"),
    ],
)
def test_ends_that_cannot_be_are_refused_before_a_model_loads(steps, change, said):
    change = {**change, "steps": steps[change["steps"]]} if "steps" in change else change
    with pytest.raises(ClaimError, match=said):
        attends("L1H0", **{"steps": steps, **change})


def test_what_is_claimed_has_to_be_the_same_of_each_and_of_the_model_given(steps):
    heads = iter(["L1H0", "L1H1", "L1H2", "L1H3", "L1H4"])

    def another_each_time(model):
        return head_attends_inductively(model[next(heads)], on=TOKENS)

    with pytest.raises(ClaimError, match="the same has to be claimed of each"):
        emerges(another_each_time, over=steps, after="step1", by="step2")
    with pytest.raises(ClaimError, match="use the model that it is given"):
        emerges(
            lambda _: head_attends_inductively(steps[0]["L1H0"], on=TOKENS),
            over=steps,
            after="step1",
            by="step2",
        )
    with pytest.raises(ClaimError, match="makes a claim about one model"):
        emerges(lambda model: model["L1H0"], over=steps, after="step1", by="step2")
    with pytest.raises(ClaimError, match="twice"):
        attends("L1H0", [*steps, steps[0]])


@claim("What was said before costs at least {by} nats a token")
def what_was_said_costs(model, *, by):
    return contrast(loss(model), versus=0.0, on=TOKENS, by=by)


def test_a_claim_about_the_model_itself_is_the_same_of_each(steps):
    made = emerges(
        lambda model: what_was_said_costs(model, by=50.0), over=steps, after="step1", by="step2"
    )
    assert not made
    assert "step2 is refuted" in made.check().reason


def test_another_kind_of_claim_emerges_as_well(steps):
    """L0H0 attends to the previous token in each of them."""
    claim = emerges(
        lambda model: head_is_previous_token(model["L0H0"], on=TOKENS),
        over=steps,
        after="step2",
        by="step3",
    )
    assert claim.check().verdict is Verdict.REFUTED


def test_one_part_refutes_the_whole_only_at_alpha_over_their_number(session, steps, monkeypatch):
    asked = []

    def strictly(part, alpha):
        asked.append((part.model.name[-5:], alpha))
        return Verdict.INCONCLUSIVE

    monkeypatch.setattr(session, "_strictly", strictly)
    made = attends("L1H3", steps, after="step1", by="step3")  # of four, step4 is the other way
    evidence = made.check()
    assert asked == [("step4", session.false_pass_rate / 4)]
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert evidence.reason == "step4 is refuted at α, and not at α over the number of models"


def test_an_earlier_run_is_not_judged_again_at_whatever_rate(tmp_path, monkeypatch):
    def judged():
        session = Session(cache=tmp_path / "scores")
        return attends("L1H0", [session.model(planted) for planted in STEPS]).check()

    first = judged()
    monkeypatch.setattr("circuit_assert.family_cases.case_of", None)
    assert first.verdict is judged().verdict is Verdict.SUPPORTED
