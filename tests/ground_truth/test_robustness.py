"""Claims in every setting: of a head that moves the answer, of one that does so in a way."""

import pytest

from circuit_assert import (
    ablation_drops_logit,
    head_is_induction,
    patching_breaks_logit,
    robustly,
    some_head_is,
)
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts
from circuit_assert.stats import Verdict

PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS, OTHERS, DOCUMENTS = lookup_prompts(), lookup_prompts(seed=1), lookup_documents()
ABLATIONS = ["mean", "zero", "resample"]


def drops(model, address, over, **options):
    options = {"by": 1.0, "off_task": DOCUMENTS, **options}
    return robustly(ablation_drops_logit, model[address], over=over, **options)


def test_what_holds_in_every_cell_is_supported(model_of):
    claim = drops(model_of(PLANTED), "L1H0", {"ablation": ABLATIONS, "on": [PROMPTS, OTHERS]})
    evidence = claim.check()
    assert evidence.verdict is Verdict.SUPPORTED
    assert evidence.reason == "6 supported"
    effects = [f for f in evidence.findings if f.name.endswith("total effect")]
    assert len({f.name for f in effects}) == 6
    assert effects[0].name == f"[mean, lookup#{PROMPTS.fingerprint[:6]}] total effect"
    assert all(f.low < 2.0 < f.high for f in effects)
    said = (
        "Ablating L1H0 drops the logit by 1, whatever the setting (ablation: mean, zero, resample;"
    )
    assert claim.words.startswith(said)


def test_what_one_cell_refutes_is_refuted_and_the_cell_named(model_of):
    """L1H1 writes a constant: only zero takes it away."""
    model = model_of(PLANTED)
    alone = ablation_drops_logit(
        model["L1H1"], on=PROMPTS, by=1.0, ablation="zero", off_task=DOCUMENTS
    )
    assert alone.check().verdict is Verdict.SUPPORTED
    evidence = drops(model, "L1H1", {"ablation": ABLATIONS}, on=PROMPTS).check()
    assert evidence.verdict is Verdict.REFUTED
    assert "mean is refuted" in evidence.reason


def test_what_one_cell_leaves_open_is_open(model_of):
    few = lookup_prompts(templates=6)
    evidence = drops(model_of(PLANTED), "L1H0", {"on": [PROMPTS, few]}).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE


def test_every_setting_is_part_of_the_identity(model_of):
    model = model_of(PLANTED)
    ids = {
        drops(model, "L1H0", over, on=on).id
        for over in ({"ablation": ["mean", "zero"]}, {"ablation": ["mean", "resample"]})
        for on in (PROMPTS, OTHERS)
    }
    assert len(ids) == 4


def test_it_is_said_of_every_prompt_set_of_the_grid(model_of):
    claim = drops(model_of(PLANTED), "L1H0", {"on": [PROMPTS, OTHERS]})
    assert {PROMPTS, OTHERS} <= set(claim.on)
    assert [str(component) for component in claim.about] == ["L1H0"]


def test_an_argument_that_the_sentence_names_is_said_to_vary(model_of):
    claim = robustly(
        patching_breaks_logit, model_of(PLANTED)["L1H0"], over={"by": [0.5, 1.0]}, on=PROMPTS
    )
    assert (
        "breaks the logit by each of 0.5, 1.0, whatever the setting (by: 0.5, 1.0)" in claim.words
    )


@pytest.mark.parametrize(
    ("over", "options", "message"),
    [
        ({}, {"on": PROMPTS}, "two values or more"),
        ({"ablation": ["mean"]}, {"on": PROMPTS}, "two values or more"),
        ({"by": [1.0, 2.0]}, {"on": PROMPTS}, "by is given by over= and again"),
        ({"ablation": ["mean", "mean"]}, {"on": PROMPTS}, "has mean twice"),
    ],
)
def test_a_grid_that_is_none_is_refused(model_of, over, options, message):
    with pytest.raises(ClaimError, match=message):
        drops(model_of(PLANTED), "L1H0", over, **options)


def test_only_kinds_of_claims_about_a_subject_have_settings(model_of):
    head = model_of(PLANTED)["L1H0"]
    with pytest.raises(ClaimError, match="a kind of claim, not called yet"):
        robustly("ablation", head, over={"by": [1.0, 2.0]})
    heads = model_of(PLANTED).heads(layers=[0, 1])
    upper = model_of(PLANTED).heads(layers=[1])
    with pytest.raises(ClaimError, match="subject= is one or more components"):
        robustly(some_head_is, head_is_induction, over={"among": [heads, upper]})
    with pytest.raises(ClaimError, match="at most 100 cells"):
        robustly(
            patching_breaks_logit, head, over={"by": [n / 10 for n in range(1, 102)]}, on=PROMPTS
        )
