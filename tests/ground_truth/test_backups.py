"""Backups on models that were built with heads that stand in for each other, and with decoys."""

from itertools import product

import numpy as np
import pytest

from circuit_assert import Prompt, PromptSet, heads_back_up
from circuit_assert.claims.component_effects import PeerContrast
from circuit_assert.components import Head
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import induction_model, lookup_model, lookup_prompts
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS = lookup_prompts()


def back_up(model, heads, backups, *, by=1.0, on=PROMPTS, **arguments):
    return heads_back_up(model[heads], model[backups], on=on, by=by, **arguments)


def findings(evidence):
    return {found.name: found for found in evidence.findings}


def said_twice(prompts=30, length=12, seed=0):
    """A block of words and its beginning again: the answer is what comes next."""
    generator = np.random.default_rng(seed)
    made = []
    for number in range(prompts):
        block = [f"w{n}" for n in generator.choice(np.arange(1, 80), length, replace=False)]
        text = " ".join([*block, *block[:5]])
        answer, foil = f" {block[5]}", f" {block[9]}"
        made.append(Prompt(text, answer=answer, foil=foil, clusters={"template": str(number)}))
    return PromptSet("said twice", tuple(made))


@pytest.mark.parametrize(
    ("head", "backup", "ablation"),
    [
        *product(["L1H2"], ["L1H3"], ["mean", "zero", "resample"]),
        *product(["L1H3"], ["L1H2"], ["mean", "zero"]),
    ],
)
def test_heads_of_which_either_is_enough_stand_in_for_each_other(model_of, head, backup, ablation):
    evidence = back_up(model_of(PLANTED), head, backup, ablation=ablation).check()

    assert evidence.verdict is SUPPORTED
    assert f"{backup} can stand in for {head} in" in evidence.sentence
    for name in ("interaction", "stands in"):
        found = findings(evidence)[name]
        assert found.low < 2.0 < found.high


def test_more_than_there_is_to_stand_in_for_is_refuted(model_of):
    assert back_up(model_of(PLANTED), "L1H2", "L1H3", by=3.0).check().verdict is REFUTED


@pytest.mark.parametrize(
    ("heads", "backups"),
    [("L1H0", "L1H2"), ("L1H2", "L1H0"), ("L1H0", "L1H1"), ("L1H2", "L1H6"), ("L0H0", "L1H4")],
)
@pytest.mark.parametrize("ablation", ["mean", "zero"])
def test_heads_whose_effects_add_up_are_refuted(model_of, heads, backups, ablation):
    evidence = back_up(model_of(PLANTED), heads, backups, ablation=ablation).check()
    assert evidence.verdict is REFUTED
    assert findings(evidence)["interaction"].verdict is REFUTED


def test_a_head_that_matters_by_itself_adds_nothing_as_one_of_a_set(model_of):
    """The set of both stands in, by what L1H3 does: not the head that always matters."""
    evidence = back_up(model_of(PLANTED), "L1H2", ("L1H0", "L1H3")).check()
    found = findings(evidence)
    assert found["interaction"].low < 2.0 < found["interaction"].high
    assert found["stands in"].low > 3.0


def test_a_head_that_has_nothing_left_to_undo_does_not_stand_in(model_of):
    """L2H0 takes away what L1H4 writes: with that gone, ablating it changes nothing any more."""
    model = model_of(induction_model())
    evidence = back_up(model, "L1H4", "L2H0", by=0.5, on=said_twice()).check()

    assert findings(evidence)["interaction"].verdict is SUPPORTED
    assert findings(evidence)["stands in"].verdict is REFUTED
    assert evidence.verdict is REFUTED


def test_a_model_that_does_not_do_the_task_decides_nothing(model_of):
    swapped = PromptSet(
        "swapped",
        tuple(Prompt(p.text, answer=p.foil, foil=p.answer, clusters=p.clusters) for p in PROMPTS),
    )
    evidence = back_up(model_of(PLANTED), "L1H2", "L1H3", on=swapped).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "does not do the task" in evidence.reason


def test_the_peers_are_none_of_the_heads(model_of):
    evidence = back_up(model_of(PLANTED), "L1H2", "L1H3").check()
    peers = findings(evidence)["specific"].notes[-1].removeprefix("peers: ").split(";")[0]
    assert len(peers.split(", ")) >= 5
    assert not {"L1H2", "L1H3"} & set(peers.split(", "))


def test_what_any_head_would_do_says_nothing_of_this_one(model_of, monkeypatch):
    """Where the peers would stand in as well."""
    alike = [(Head(1, 3),)] * 6
    monkeypatch.setattr(PeerContrast, "_peer_sets", lambda self, scores: alike)
    evidence = back_up(Session().model(PLANTED), "L1H2", "L1H3").check()

    assert evidence.verdict is INCONCLUSIVE
    assert "only 0 of 6 peers do less than the claim's bound" in evidence.reason


@pytest.mark.parametrize(
    ("heads", "backups", "error", "message"),
    [
        ("L1H2", ("L1H2", "L1H3"), ClaimError, "L1H2 cannot be its own backup"),
        ("L1H2", "L1.mlp", ComponentError, "the MLP L1.mlp"),
        ("L1N0", "L1H2", ComponentError, "the neuron L1N0"),
    ],
)
def test_sets_that_cannot_be_meant_are_refused_before_a_run(
    model_of, heads, backups, error, message
):
    with pytest.raises(error, match=message):
        back_up(model_of(PLANTED), heads, backups)


def test_an_unknown_metric_is_refused(model_of):
    with pytest.raises(ClaimError, match="metric is one of"):
        back_up(model_of(PLANTED), "L1H2", "L1H3", metric="loss")


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    pairs = [(f"L1H{n}", f"L1H{(n + 1) % 8}") for n in range(8)]
    claims = [back_up(model, *pair, by=0.05) for pair in pairs]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}
