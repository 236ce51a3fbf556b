"""The calibration of claim types: that effects lie where it says, and that it finds a bold rule."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import circuit_assert
from benchmarks.calibration import tables
from benchmarks.calibration.claim_types import heads, simulation
from benchmarks.calibration.claim_types.case import Case
from benchmarks.calibration.claim_types.simulation import CASES, Part, Row
from circuit_assert import Session, stats
from circuit_assert.claims.catalogue.kinds import is_kind
from circuit_assert.claims.heads import LossRise
from circuit_assert.components import Head
from circuit_assert.measurements import AttentionOverPairs, DirectContribution, Request
from circuit_assert.models.planted_models import graded_head, graded_induction_model
from circuit_assert.models.planted_models.graded import LENGTHS, TOKENS
from circuit_assert.prompts.repeated import RepeatedTokens

RNG = np.random.default_rng(0)
HEAD = graded_head(
    RNG.uniform(0.1, 0.5, TOKENS),
    neighbour=RNG.uniform(0.1, 0.4, TOKENS),
    direct=RNG.normal(size=TOKENS),
    relayed=RNG.normal(size=TOKENS),
)
COPIER = graded_head(RNG.uniform(0.1, 0.9, TOKENS), direct=RNG.normal(size=TOKENS))
ON = RepeatedTokens(LENGTHS, sequences=600, seed=0)


@pytest.fixture(scope="module")
def graded():
    return Session().model(graded_induction_model("tested", (HEAD, COPIER)))


def blocks(model):
    """First blocks, as places of the 30 tokens."""
    rows = ON.tokenize(model.tokenizer).tokens["clean"]
    return [row[1 : 1 + (len(row) - 1) // 2] - 1 for row in rows]


@pytest.mark.parametrize(
    ("relation", "numbers"), [("induction", "attention"), ("two after", "neighbour")]
)
def test_a_graded_head_attends_as_much_as_it_says(graded, relation, numbers):
    measured = graded.measure([Request(AttentionOverPairs(relation), ON)])[0][:, 1, 0]
    said = getattr(HEAD, numbers)
    expected = [said[block].mean() for block in blocks(graded)]
    np.testing.assert_allclose(measured, expected, atol=2e-4)


def test_a_graded_head_contributes_as_much_as_it_says(graded):
    measured = graded.measure([Request(DirectContribution(), ON)])[0][:, 1, 1]
    expected = [
        (COPIER.attention[block[:-1]] * COPIER.direct[block[1:]]).mean() * (1 - 1 / (1 + TOKENS))
        for block in blocks(graded)
    ]
    np.testing.assert_allclose(measured, expected, atol=2e-3)


def test_the_loss_rises_by_as_much_as_is_worked_out_without_the_model():
    logits = np.random.default_rng(1).uniform(-1, 4, TOKENS)
    head = graded_head(0.9, direct=1.0, relayed=logits / 0.9 - 1.0)
    measure = Session().model(graded_induction_model("loss", (head,))).explore()
    rises = [
        measure(LossRise(Head(1, 0), None, RepeatedTokens(LENGTHS, 24, seed))).values.mean()
        for seed in range(40)
    ]
    error = np.std(rises, ddof=1) / np.sqrt(len(rises))
    assert abs(np.mean(rises) - heads.loss_rise(logits)) < 4 * error
    assert error < 0.05


def test_every_claim_type_is_at_a_bound_true_and_null():
    kinds = {(case.claim_type, case.kind) for case in CASES}
    types = {case.claim_type for case in CASES}
    public = {n for n in circuit_assert.__all__ if is_kind(getattr(circuit_assert, n))}
    assert types == public - {"robustly"}  # which is about other claims
    # a rank has no bound: its null is any pair
    ranked = {"heads_compose", "subspaces_overlap", "virtual_weight_is"}
    assert kinds == {
        (name, kind) for name in types for kind in ("at the bound", "true", "easy null")
    } - {(name, "at the bound") for name in ranked}


def few(case_type, what, *, models, each):
    number = next(
        n for n, case in enumerate(CASES) if (case.claim_type, case.what) == (case_type, what)
    )
    return simulation.rows([simulation.judge(number, seed, each) for seed in range(models)])[0]


@pytest.mark.parametrize(
    ("claim_type", "what", "models", "each"),
    [
        ("head_attends_inductively", "pattern", 2, 15),
        ("head_attends_inductively", "pattern, head detector", 1, 20),
        ("head_is_induction", "use", 1, 10),
        ("head_is_previous_token", "random tokens", 1, 20),
        ("head_is_duplicate_token", "pattern", 1, 20),
        ("head_attends_to", "more than to another role", 1, 20),
        ("head_is_attention_sink", "value", 1, 20),
        ("heads_back_up", "interaction", 1, 8),
        ("later_layers_repair", "share", 1, 5),
        ("effect_is_localized", "share", 1, 15),
        ("head_is_attention_sink", "by token", 1, 20),
        ("head_is_name_mover", "copying", 1, 4),
        ("head_suppresses_copies", "OV", 1, 4),
        ("copy_suppression_explains", "share", 1, 10),
        ("head_is_successor", "succession", 6, 1),
        ("ablation_drops_logit", "drop, mean ablation", 1, 12),
        ("head_activates_neuron", "effect", 1, 2),
        ("neuron_is_prediction_neuron", "raises them", 1, 25),
        ("neuron_detokenizes", "interaction", 1, 6),
        ("detokenization_peaks_early", "peak", 5, 1),
        ("neuron_retokenizes", "difference", 1, 8),
        ("neuron_is_universal", "excess", 1, 8),
        ("neuron_is_entropy_neuron", "entropy", 1, 6),
        ("neuron_is_token_frequency_neuron", "divergence", 1, 6),
        ("feature_is_multilingual", "effect", 6, 1),
        ("features_overlap_across_languages", "overlap", 1, 15),
        ("language_is_privileged", "as loud", 6, 1),
        ("swapping_changes_answer", "margin", 6, 1),
        ("swaps_cross_over_alike", "twice it", 3, 1),
        ("feature_is_specific", "precision", 1, 6),
        ("feature_is_not_a_neuron", "correlation", 1, 8),
        ("explanation_predicts_activity", "accuracy", 1, 3),
        ("neuron_is_monosemantic", "weakest level", 1, 12),
        ("neuron_is_context_neuron", "F1", 1, 10),
        ("steering_makes_output", "rise", 1, 8),
        ("emerges", "the first that is so", 1, 12),
    ],
)
def test_claims_at_their_bounds_are_neither_supported_nor_refuted(claim_type, what, models, each):
    assert few(claim_type, what, models=models, each=each).kept


def test_a_claim_type_that_is_too_bold_is_found_out(monkeypatch):
    honest = stats.judge
    monkeypatch.setattr(
        stats, "judge", lambda tree, *rates: honest(tree, *(30 * rate for rate in rates))
    )
    row = few("head_attends_inductively", "pattern", models=1, each=25)
    assert not row.kept
    assert "broken by: head_attends_inductively, pattern." in tables.claims_conclusion([row])
    assert "| **pattern** |" in tables.of_claims([row])


def test_the_bound_of_a_rate_knows_that_claims_about_one_model_are_alike():
    def row(*counts):
        return Row(
            "some_claim", "effect", "at the bound", tuple(Part(0, 100, n, 0) for n in counts)
        )

    assert row(1, 1, 1, 1).most_supported < row(4, 0, 0, 0).most_supported
    assert row(0, 0, 0, 0).most_supported == pytest.approx(1 - 0.05 ** (1 / 400))
    assert row(0, 0).most_supported < 0.02
    assert Row("c", "e", "true", (Part(0, 50, 50, 0),)).most_supported == 1.0


def test_refuting_what_is_true_breaks_the_promise_too():
    true = Row("some_claim", "clearly", "true", (Part(0, 100, 80, 0),))
    assert true.kept
    assert not replace(true, parts=(Part(0, 100, 80, 20),)).kept
    null = Row("some_claim", "random", "easy null", (Part(0, 100, 0, 100),))
    assert null.kept
    assert not replace(null, parts=(Part(0, 100, 20, 0),)).kept


def test_each_case_is_judged_about_as_often_as_was_asked(monkeypatch):
    cases = (
        Case("some_claim", "a", "at the bound", iter, models=4),
        Case("some_claim", "b", "true", iter, models=200, share=0.5),
    )
    monkeypatch.setattr(simulation, "CASES", cases)
    tasks = [task.args for task in map(_as_partial, simulation.parts(100))]
    assert [sum(n for case, _, n in tasks if case == number) for number in (0, 1)] == [100, 50]


def _as_partial(task):
    assert isinstance(task, partial)
    return task


def test_some_claim_types_are_judged_alone():
    first = CASES[0].claim_type
    judged = {task.args[0] for task in map(_as_partial, simulation.parts(8, [first]))}
    assert {CASES[number].claim_type for number in judged} == {first}


def test_rows_are_read_back_and_a_later_one_counts():
    old = [Row(c.claim_type, c.what, c.kind, (Part(0, 9, 0, 0),), c.promised) for c in CASES[:3]]
    new = replace(old[1], parts=(Part(0, 9, 1, 0), Part(0, 9, 0, 0)))
    records = json.loads(json.dumps([row.record for row in (*old[::-1], new)]))
    assert simulation.rows_of(records) == [old[0], new, old[2]]
