"""S-inhibition where it is planted, and heads that do one thing of three."""

import pytest

from circuit_assert import Session, head_inhibits_subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import inhibiting_model, inhibiting_prompts
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
PLANTED = inhibiting_model()
PROMPTS = inhibiting_prompts()


def of(model, heads, movers="L1H0", by=2.0, **named):
    subjects = (model[each] for each in (heads, movers))
    return head_inhibits_subject(*subjects, on=PROMPTS, by=by, **named)


def test_the_planted_head_is_supported(model_of):
    evidence = of(model_of(PLANTED), "L0H0").check()
    assert evidence.verdict is SUPPORTED, evidence.reason
    found = {each.name: each.effect for each in evidence.findings}
    assert found["turns attention"] > 0.5


def test_a_group_of_which_one_inhibits_is_supported(model_of):
    evidence = of(model_of(PLANTED), ("L0H0", "L0H1"), ("L1H0", "L1H1")).check()
    assert evidence.verdict is SUPPORTED, evidence.reason


@pytest.mark.parametrize(
    ("heads", "movers"),
    [("L0H1", "L1H0"), ("L0H2", "L1H0"), ("L0H3", "L1H0"), ("L0H0", "L1H1"), ("L0H4", "L1H0")],
)
def test_decoys_are_refused(model_of, heads, movers):
    assert of(model_of(PLANTED), heads, movers).check().verdict is not SUPPORTED


def test_a_bound_above_its_effect_is_refuted(model_of):
    assert of(model_of(PLANTED), "L0H0", by=40.0).check().verdict is REFUTED


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    claims = [of(model, f"L0H{n}", f"L1H{m}", by=0.3) for n in range(6) for m in range(2)]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ComponentError, match="edges go up"):
        of(model, "L1H2")
    with pytest.raises(ComponentError, match="is about heads"):
        of(model, "L0N0")
    with pytest.raises(ClaimError, match="Try 'S2'"):
        of(model, "L0H0", second="S3")
