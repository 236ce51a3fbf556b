"""What the executor promises: the same numbers in fewer runs, and no number where there is none."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from circuit_assert import head_attends_inductively, head_is_induction
from circuit_assert.components import MLP, Direction, Head, Site
from circuit_assert.errors import PromptError
from circuit_assert.execution import job
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.memory import KEPT
from circuit_assert.interventions import Ablation, Patch, Steer, first_layer
from circuit_assert.measurements import (
    AttentionOverPairs,
    CentredLogit,
    DirectContribution,
    HeadOutputMoments,
    LogitDifference,
    Loss,
    NeuronActivations,
    Request,
    Residual,
    TopTokens,
)
from circuit_assert.models.planted_models import induction_model
from circuit_assert.prompts.repeated import repeated_tokens
from circuit_assert.session import Session

RUNS = 2  # of the sequences: rows of 9 and of 11 tokens share one


def scores_of(backend, requests, **options):
    engine = Executor(backend, **options)
    engine.run(requests)
    return [engine.store.scores[request] for request in requests]


def apart(backend, requests):
    """Each request in an executor of its own."""
    return [scores_of(backend, [request])[0] for request in requests]


def assert_equal_within(floor, first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=floor)


@pytest.fixture
def requests(sequences):
    """Observations and interventions of every kind that repeated tokens allow."""
    ablations = [
        Ablation((Head(1, 0),)),
        Ablation((Head(1, 0), Head(0, 0))),
        Ablation((Head(0, 0),), "zero"),
        Ablation((Head(2, 0),), "resample", seed=3),
        Ablation((MLP(1), Head(1, 4)), "zero"),
        Patch((Head(1, 0), Head(1, 5)), "corrupt"),
    ]
    observed = [
        AttentionOverPairs("induction"),
        AttentionOverPairs("previous"),
        DirectContribution(),
        HeadOutputMoments(),
        Loss(),
        Residual(Site(1, "resid_post")),
        NeuronActivations(1, (0, 3)),
    ]
    made = [Request(m, sequences, side) for m in observed for side in ("clean", "corrupt")]
    return [*made, *(Request(Loss(), sequences, "clean", under) for under in ablations)]


def test_merged_equals_unmerged(induction, requests):
    together = scores_of(induction, requests)
    assert_equal_within(1e-5, together, apart(induction, requests))


def test_the_order_of_requests_changes_nothing(induction, requests):
    forward = scores_of(induction, requests)
    backward = scores_of(induction, requests[::-1])[::-1]
    assert_equal_within(1e-5, forward, backward)


def test_resumed_equals_not_resumed(induction, requests, monkeypatch):
    late = [r for r in requests if r.under is not None and first_layer(r.under) > 0]
    assert induction.can_resume
    start = induction.blocks_run
    resumed = scores_of(induction, late)
    middle = induction.blocks_run

    monkeypatch.setattr(type(induction), "can_resume", False)
    whole = scores_of(induction, late)

    assert middle - start < induction.blocks_run - middle
    assert_equal_within(1e-5, resumed, whole)


@pytest.mark.parametrize("memory", [1, 200_000, 1 << 29])
def test_any_batch_size_gives_the_same_scores(induction, requests, memory):
    small = scores_of(induction, requests, memory=memory)
    assert_equal_within(1e-5, small, scores_of(induction, requests))


def test_small_memory_means_more_runs(induction, sequences):
    counts = []
    for memory in (1, 1 << 29):
        engine = Executor(induction, memory=memory)
        engine.run([Request(Loss(), sequences)])
        counts.append(engine.runs)
    assert counts == [len(sequences), RUNS]  # one row each, or as few as lengths allow


def test_units_of_all_lengths_get_their_own_scores(induction, sequences):
    engine = Executor(induction)
    request = Request(Loss(), sequences)
    engine.run([request])
    prompts = engine.store.tokenized(sequences)
    for unit in range(len(sequences)):
        tokens = torch.from_numpy(prompts.tokens["clean"][unit])[None]
        logits = induction._bridge(tokens)[0].log_softmax(-1)
        targets = prompts.targets["clean"][unit]
        by_hand = -np.mean([float(logits[position, token]) for position, token in targets])
        assert engine.store.scores[request][unit] == pytest.approx(by_hand, abs=1e-5)


def test_what_was_measured_is_not_measured_again(induction, requests):
    engine = Executor(induction)
    engine.run(requests)
    runs, blocks = engine.runs, induction.blocks_run
    engine.run(requests)
    assert (engine.runs, induction.blocks_run) == (runs, blocks)


def test_a_pass_ends_at_the_last_layer_that_is_read(induction, sequences):
    for layer in range(3):
        engine = Executor(induction)
        before = induction.blocks_run
        engine.run([Request(Residual(Site(layer, "resid_post")), sequences)])
        assert induction.blocks_run - before == RUNS * (layer + 1)


def test_an_edit_runs_no_block_below_it(induction, sequences):
    engine = Executor(induction)
    assert induction.can_resume
    engine.run([Request(Loss(), sequences)])
    for layer in range(3):
        before = induction.blocks_run
        engine.run([Request(Loss(), sequences, under=Ablation((Head(layer, 0),), "zero"))])
        assert induction.blocks_run - before == RUNS * (3 - layer)


def test_an_edit_keeps_the_residual_it_starts_from_once(induction, sequences):
    engine = Executor(induction)
    under = Ablation((Head(2, 0),), "zero")
    before = induction.blocks_run
    engine.run([Request(Loss(), sequences, under=under)])
    assert induction.blocks_run - before == RUNS * (2 + 1)


def test_a_later_pass_starts_at_the_deepest_checkpoint(induction, sequences):
    engine = Executor(induction)
    engine.run([Request(Residual(Site(1, "resid_post")), sequences)])
    for measurement in (Residual(Site(2, "resid_mid")), NeuronActivations(1, (0,)), Loss()):
        before = induction.blocks_run
        engine.run([Request(measurement, sequences)])
        assert induction.blocks_run - before == RUNS  # of one block


def test_scores_from_checkpoints_are_those_from_the_embedding(induction, sequences):
    sites = [
        Site(layer, name) for layer in range(3) for name in ("resid_pre", "resid_mid", "resid_post")
    ]
    requests = [Request(Residual(site), sequences) for site in sites]
    engine = Executor(induction)
    engine.run([Request(Loss(), sequences)])
    engine.run(requests)
    scores = [engine.store.scores[request] for request in requests]
    assert_equal_within(1e-5, scores, apart(induction, requests))


def test_checkpoints_stay_within_the_memory(induction, sequences):
    card = induction.card
    everything = (card.layers - 1) * 4 * card.d_model * 12 * 13  # no sequence is longer
    engine = Executor(induction, memory=everything // 4 // KEPT)
    for layer in range(card.layers):
        engine.run([Request(Residual(Site(layer, "resid_post")), sequences)])
        kept = sum(t.nbytes for rows in engine.store._kept.values() for t in rows)
        assert kept <= KEPT * engine.memory


def test_edits_of_distant_layers_do_not_hold_each_other_back(induction):
    long = repeated_tokens(lengths=(8,), sequences=40)
    first, last = (Ablation((Head(layer, 0),), "zero") for layer in (0, 2))
    engine = Executor(induction)
    engine.run([Request(Loss(), long)])
    before = induction.blocks_run
    engine.run([Request(Loss(), long, under=each) for each in (first, last)])
    assert induction.blocks_run - before == 3 + 1


def blocks_of(make_claims):
    """Blocks run for some claims about the induction model, loading included."""
    session = Session()
    model = session.model(induction_model())
    session.evaluate(make_claims(model))
    return session._known[model.spec].weights.blocks_run


def attention_claims(model, count):
    heads = [f"L{i // 6}H{i % 6}" for i in range(18)]
    claims = [
        head_attends_inductively(model[heads[i % 18]], by=0.4 + i // 18 / 10) for i in range(count)
    ]
    assert len(set(claims)) == count
    return claims


def test_twenty_claims_run_as_many_blocks_as_one():
    one, twenty = (blocks_of(lambda model, n=n: attention_claims(model, n)) for n in (1, 20))
    assert one == twenty


def test_attention_claims_cost_nothing_beside_a_claim_about_use():
    alone = blocks_of(lambda model: [head_is_induction(model["L1H0"])])
    among = blocks_of(
        lambda model: [head_is_induction(model["L1H0"]), *attention_claims(model, 20)]
    )
    assert alone == among


def test_a_batch_that_does_not_fit_is_halved(induction, requests, monkeypatch):
    whole = scores_of(induction, requests)
    run = type(induction).run
    refused = []

    def small(self, tokens, **options):
        if len(tokens) > 3:
            refused.append(len(tokens))
            raise torch.OutOfMemoryError("no room")
        return run(self, tokens, **options)

    monkeypatch.setattr(type(induction), "run", small)
    halved = scores_of(induction, requests)

    assert refused
    assert_equal_within(1e-5, halved, whole)


def test_so_is_one_for_which_a_cpu_has_no_room(induction, sequences, monkeypatch):
    run = type(induction).run

    def small(self, tokens, **options):
        return torch.empty(1 << 60) if len(tokens) > 3 else run(self, tokens, **options)

    whole = scores_of(induction, [Request(Loss(), sequences)])
    monkeypatch.setattr(type(induction), "run", small)
    assert_equal_within(1e-5, scores_of(induction, [Request(Loss(), sequences)]), whole)


def test_other_failures_are_not_tried_again_with_less(induction, sequences, monkeypatch):
    tried = []

    def broken(self, tokens, **options):
        tried.append(len(tokens))
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(type(induction), "run", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        scores_of(induction, [Request(Loss(), sequences)])
    assert len(tried) == 1


def test_one_row_that_does_not_fit_is_an_error(induction, sequences, monkeypatch):
    def never(self, tokens, **options):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(type(induction), "run", never)
    with pytest.raises(torch.OutOfMemoryError):
        scores_of(induction, [Request(Loss(), sequences)])


def last_mlp_positions(backend, requests):
    """At how many positions the last MLP is computed for some requests, loading aside."""
    assert backend.can_narrow
    assert backend.can_resume
    assert backend.can_pad  # all tried now, not while it counts
    seen = []
    mlp = backend._bridge.blocks[backend.card.layers - 1].mlp
    parts = [part for part in mlp.modules() if isinstance(part, torch.nn.Linear)]
    handle = parts[0].register_forward_pre_hook(lambda _, given: seen.append(given[0][..., 0]))
    try:
        scores_of(backend, requests)
    finally:
        handle.remove()
    return sum(part.numel() for part in seen)


def test_the_last_mlp_is_computed_only_where_it_is_read(lookup, task):
    tokens = sum(map(len, task.tokenize(lookup.tokenizer).tokens["clean"]))
    answers = Request(LogitDifference(), task)
    under = [Request(LogitDifference(), task, under=Ablation((Head(0, h),))) for h in range(3)]
    assert last_mlp_positions(lookup, [answers]) == len(task)
    assert last_mlp_positions(lookup, under) == 3 * len(task)
    everywhere = Request(TopTokens(3), task)
    assert last_mlp_positions(lookup, [answers, everywhere]) == tokens


def test_attention_needs_no_unembedding(induction, sequences, monkeypatch):
    called = []
    monkeypatch.setattr(type(induction), "_head", lambda self: called.append("rows"))
    unembed = induction._bridge.unembed
    handle = unembed.register_forward_hook(lambda *_: called.append("unembed"))
    try:
        scores_of(induction, [Request(AttentionOverPairs("induction"), sequences)])
    finally:
        handle.remove()
    assert not called


def test_an_edit_that_changes_nothing_is_a_failure(induction, sequences):
    engine = Executor(induction)
    request = Request(Loss(), sequences, under=Ablation((MLP(0),), "zero"))  # it writes nothing
    engine.run([request])
    assert request not in engine.store.scores
    assert "changed no activation" in engine.store.failures[request]


def test_a_missing_side_is_said(lookup, task):
    one_sided = replace(task, prompts=tuple(replace(p, corrupt=None) for p in task.prompts))
    with pytest.raises(PromptError, match="no corrupt prompts"):
        scores_of(lookup, [Request(LogitDifference(), one_sided, "corrupt")])


def test_activations_are_forgotten_and_measured_again(induction, sequences):
    engine = Executor(induction, memory=1)
    requests = [Request(Loss(), sequences, under=Ablation((Head(1, h),))) for h in (0, 4)]
    for request in requests:
        engine.run([request])
        assert not engine.store._kept
    assert_equal_within(
        1e-5, [engine.store.scores[r] for r in requests], apart(induction, requests)
    )


def test_the_floor_is_what_batching_and_resuming_move(induction, sequences, monkeypatch):
    engine = Executor(induction)
    request = Request(Loss(), sequences, under=Ablation((Head(1, 0),)))
    engine.run([request])
    assert 0 <= engine.noise_floor(request) < 1e-4

    broken = Executor(induction)
    resume = job.Job._resume

    def shifted(self, group):
        made = resume(self, group)
        return made and type(made)(made.layer, made.residual * 1.01)

    monkeypatch.setattr(job.Job, "_resume", shifted)
    broken.run([request])
    assert broken.noise_floor(request) > 1e-3


def test_outputs_equal_the_logits_of_a_plain_run(lookup, task):
    measurements = [LogitDifference(), CentredLogit(), TopTokens(3)]
    difference, centred, top = scores_of(lookup, [Request(m, task) for m in measurements])
    prompts = Executor(lookup).store.tokenized(task)
    for unit in range(len(task)):
        tokens = torch.from_numpy(prompts.tokens["clean"][unit])[None]
        logits = lookup._bridge(tokens)[0]
        answer, foil = prompts.answers[unit], prompts.foils[unit]
        assert difference[unit] == pytest.approx(
            float(logits[-1, answer] - logits[-1, foil]), abs=1e-5
        )
        assert centred[unit] == pytest.approx(
            float(logits[-1, answer] - logits[-1].mean()), abs=1e-5
        )
        best = logits.topk(3).values
        chosen = logits.gather(1, torch.from_numpy(top[unit][: len(logits)]))
        torch.testing.assert_close(chosen, best)
        assert (top[unit][len(logits) :] == -1).all()


def test_steering_by_a_direction_is_merged_with_other_edits(lookup, task):
    direction = Direction(Site(0, "resid_post"), task, task.where(lambda p: "cue1" in p.text))
    edits = (Steer(direction, 2.0), Ablation((Head(1, 0),)), Ablation((MLP(1),)), None)
    requests = [Request(LogitDifference(), task, under=edit) for edit in edits]
    assert_equal_within(1e-5, scores_of(lookup, requests), apart(lookup, requests))
