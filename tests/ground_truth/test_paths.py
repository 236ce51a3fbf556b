"""Paths that are planted matter; those that carry as much to where nothing reads do not."""

import pytest

from circuit_assert import Session, path_matters
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import relay_model, relay_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED = relay_model()
PROMPTS = relay_prompts(per_template=2)


def of(model, sender, to, by=2.0):
    return path_matters(model[sender], to=to, on=PROMPTS, by=by)


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        ("L0H0", "L1H0.k"),
        ("L0H0", "L1H0"),
        ("L0H0", ["L1H0.k", "L1H1.k"]),
        ("L1H0", "logits"),
        ("L1H0", "L2.mlp"),
    ],
)
def test_planted_paths_are_supported(model_of, sender, to):
    evidence = of(model_of(PLANTED), sender, to).check()
    assert evidence.verdict is SUPPORTED, evidence.reason


def test_the_effect_is_that_of_the_one_path(model_of):
    """The MLP passes on three fifths of what L1H0 writes, the head itself the rest."""
    model = model_of(PLANTED)
    effects = [
        next(f for f in of(model, "L1H0", to).check().findings if f.name == "path").effect
        for to in ("logits", "L2.mlp", ["logits", "L2.mlp"])
    ]
    assert effects[0] / effects[2] == pytest.approx(0.4, abs=0.01)
    assert effects[0] + effects[1] == pytest.approx(effects[2], rel=0.01)


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        ("L0H0", "L1H0.q"),
        ("L0H0", "L1H1.k"),
        ("L0H1", "L1H0.k"),
        ("L0H0", "logits"),
        ("L1H1", "logits"),
        ("L1H3", "L2.mlp"),
    ],
)
def test_paths_that_carry_nothing_are_refused(model_of, sender, to):
    assert of(model_of(PLANTED), sender, to).check().verdict in {REFUTED, INCONCLUSIVE}


def test_a_bound_above_what_is_carried_is_refuted(model_of):
    assert of(model_of(PLANTED), "L1H0", "logits", by=9.0).check().verdict is REFUTED


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    claims = [
        of(model, f"L0H{sender}", f"L1H{head}.{slot}", by=0.5)
        for sender in range(2)
        for head in range(3)
        for slot in "qkv"
    ]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


@pytest.mark.parametrize(
    ("sender", "to", "message"),
    [
        ("L1H0", "L0H0.q", "edges go up"),
        ("L1H0", "L1H2.q", "edges go up"),
        ("L0H0", "L7H0.q", "has no L7H0"),
        ("L0H0", "L1H9.q", "has no L1H9"),
        ("L0H0", "L1H0.x", "cannot read"),
        ("L0H0", "embedding", "cannot read"),
    ],
)
def test_receivers_that_there_are_not(model_of, sender, to, message):
    with pytest.raises(ComponentError, match=message):
        of(model_of(PLANTED), sender, to)


def test_paths_do_not_start_at_neurons(model_of):
    with pytest.raises(ClaimError, match="got the neuron L2N0"):
        of(model_of(PLANTED), "L2N0", "logits")
