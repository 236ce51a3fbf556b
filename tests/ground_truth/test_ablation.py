"""Ablation claims on a model whose heads move the answer by known numbers of logits."""

import numpy as np
import pytest

from circuit_assert import (
    ablation_drops_logit,
    ablation_preserves_logit,
    ablation_raises_loss,
    repeated_tokens,
)
from circuit_assert.components import Head
from circuit_assert.execution.known import Known
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.models.planted_models import (
    induction_model,
    lookup_documents,
    lookup_model,
    lookup_prompts,
)
from circuit_assert.models.spec import spec_of
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = (
    Verdict.SUPPORTED,
    Verdict.REFUTED,
    Verdict.INCONCLUSIVE,
)
PLANTED = lookup_model(effect=2.0, constant=1.5, backup=2.0)
PROMPTS, DOCUMENTS = lookup_prompts(), lookup_documents()


def drops(model, addresses, *, by=1.0, ablation="mean", **options):
    return ablation_drops_logit(
        model[addresses], on=PROMPTS, by=by, ablation=ablation, off_task=DOCUMENTS, **options
    )


@pytest.mark.parametrize("ablation", ["mean", "zero", "resample"])
def test_the_head_that_moves_the_answer_is_supported(model_of, ablation):
    evidence = drops(model_of(PLANTED), "L1H0", ablation=ablation).check()

    assert evidence.verdict is SUPPORTED
    effect = next(found for found in evidence.findings if found.name == "total effect")
    assert effect.low < 2.0 < effect.high


def test_a_bound_above_the_planted_effect_is_refuted(model_of):
    assert drops(model_of(PLANTED), "L1H0", by=3.0).check().verdict is REFUTED


@pytest.mark.parametrize(
    ("ablation", "verdict"), [("mean", REFUTED), ("zero", SUPPORTED), ("resample", REFUTED)]
)
def test_a_constant_matters_only_when_it_is_set_to_zero(model_of, ablation, verdict):
    assert drops(model_of(PLANTED), "L1H1", ablation=ablation).check().verdict is verdict


@pytest.mark.parametrize("address", ["L1H2", "L1H3"])
@pytest.mark.parametrize("ablation", ["mean", "zero"])
def test_one_of_two_that_back_each_other_up_is_refuted(model_of, address, ablation):
    evidence = drops(model_of(PLANTED), address, ablation=ablation).check()
    assert evidence.verdict is REFUTED


def test_both_of_two_that_back_each_other_up_drop_the_logit(model_of):
    evidence = drops(model_of(PLANTED), ("L1H2", "L1H3")).check()

    assert evidence.verdict is SUPPORTED
    effect = next(found for found in evidence.findings if found.name == "total effect")
    assert effect.low < 2.0 < effect.high


@pytest.mark.parametrize("address", ["L0H0", "L0H7", "L1H4", "L1H7"])
@pytest.mark.parametrize("ablation", ["mean", "zero"])
def test_a_bystander_that_writes_as_much_is_refuted(model_of, address, ablation):
    evidence = drops(model_of(PLANTED), address, ablation=ablation).check()
    assert evidence.verdict is REFUTED


def test_the_peers_are_the_bystanders(model_of):
    evidence = drops(model_of(PLANTED), "L1H0").check()
    specific = next(found for found in evidence.findings if found.name == "specific")
    peers = specific.notes[-1].removeprefix("peers: ").split(";")[0].split(", ")
    assert set(peers) <= {"L1H2", "L1H3", "L0H0", "L0H1", "L1H4", "L1H5", "L1H6", "L1H7"}


def test_an_effect_on_other_text_makes_it_inconclusive(model_of):
    evidence = drops(model_of(PLANTED), "L1H0", off_task_within=1e-5).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "off-task" in evidence.reason


def test_few_templates_decide_nothing(model_of):
    few = lookup_prompts(templates=6)
    claim = ablation_drops_logit(model_of(PLANTED)["L1H0"], on=few, by=1.0, off_task=DOCUMENTS)
    assert claim.check().verdict is INCONCLUSIVE


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    heads = [f"L{layer}H{head}" for layer in range(2) for head in range(8)]
    evidence = session.evaluate([drops(model, address) for address in heads])
    # Most do not do the task; one that happens to prefer the answers refutes what it can.
    assert SUPPORTED not in {one.verdict for one in evidence}


@pytest.mark.parametrize(("how", "effect"), [("mean", 0.5), ("zero", 2.0)])
def test_the_planted_effect_is_the_mean_of_the_population(how, effect):
    prompts = lookup_prompts(templates=250, per_template=6, seed=1)
    known = Known(spec_of(lookup_model(effect=effect)))
    known.load()
    clean, ablated = (
        Request(LogitDifference(), prompts, under=under)
        for under in (None, Ablation((Head(1, 0),), how))
    )
    known.run([clean, ablated])

    drop = (known[clean] - known[ablated]).reshape(250, 6).mean(1)

    error = drop.std(ddof=1) / np.sqrt(250)
    assert error < 0.02 * effect
    assert abs(drop.mean() - effect) < 4 * error


def preserves(model, addresses, *, within=0.5, on=PROMPTS, **options):
    return ablation_preserves_logit(model[addresses], on=on, within=within, **options)


@pytest.mark.parametrize("address", ["L1H1", "L1H2", "L0H0", "L1H7"])
def test_what_the_answer_can_do_without_is_supported(model_of, address):
    assert preserves(model_of(PLANTED), address).check().verdict is SUPPORTED


@pytest.mark.parametrize("addresses", ["L1H0", ("L1H2", "L1H3")])
def test_what_moves_the_answer_does_not_preserve_it(model_of, addresses):
    assert preserves(model_of(PLANTED), addresses).check().verdict is REFUTED


def test_few_templates_do_not_show_that_nothing_changes(model_of):
    """No difference that is seen is no equivalence."""
    few = lookup_prompts(templates=6)
    evidence = preserves(model_of(PLANTED), "L1H0", within=2.5, on=few).check()
    assert evidence.verdict is INCONCLUSIVE


def test_a_margin_as_large_as_what_there_is_to_lose_shows_nothing(model_of):
    assert preserves(model_of(PLANTED), "L1H0", within=20.0).check().verdict is INCONCLUSIVE


@pytest.mark.parametrize("seed", [0, 1])
def test_a_model_that_does_not_do_the_task_has_nothing_to_preserve(seed):
    session = Session()
    model = session.model(PLANTED.with_random_weights(seed))
    claims = [preserves(model, f"L1H{head}") for head in range(8)]
    assert SUPPORTED not in {each.verdict for each in session.evaluate(claims)}


REPEATED = repeated_tokens(sequences=30)


def raises(model, addresses, by=0.1, **options):
    return ablation_raises_loss(model[addresses], on=REPEATED, by=by, **options)


def test_the_loss_rises_without_the_induction_head(model_of):
    model = model_of(induction_model())
    evidence = {head: raises(model, head).check() for head in ("L1H0", "L1H5")}
    assert evidence["L1H0"].verdict is SUPPORTED, evidence["L1H0"].reason
    assert evidence["L1H5"].verdict is REFUTED


def test_no_rise_is_supported_of_a_model_with_random_weights():
    session = Session()
    model = session.model(induction_model().with_random_weights(0))
    claims = [raises(model, f"L1H{head}") for head in range(2)]
    assert SUPPORTED not in {each.verdict for each in session.evaluate(claims)}
