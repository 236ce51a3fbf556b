"""Rows of lengths near each other share a run; what follows the shorter ones is not seen."""

import numpy as np
import pytest
import torch

from circuit_assert.components import MLP, Direction, Head, Site
from circuit_assert.errors import SlowerWarning
from circuit_assert.execution.batching import groups_of_pieces
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation, Patch, PreservingAblation, Steer
from circuit_assert.measurements import (
    AttentionOverPairs,
    HeadOutputMoments,
    LogitDifference,
    Loss,
    NeuronActivations,
    Request,
    Residual,
    TopTokens,
)
from circuit_assert.path_patches import Edge, Logits, PathPatch
from circuit_assert.prompts.base import TokenizedPrompts
from circuit_assert.prompts.repeated import repeated_tokens
from tests.circuit_assert.execution.deep_models import DEEP, HEADS, LAYERS, loaded, random_twins

SEQUENCES = repeated_tokens(lengths=(4, 5, 6), sequences=12)
RUNS = 2  # rows of 9 and of 11 tokens share one
LATE = Head(LAYERS - 2, 1)
PROMPTS = random_twins((12, 13, 14, 15), count=8)
SCORES = {
    "attention": Request(AttentionOverPairs("induction"), SEQUENCES),
    "loss": Request(Loss(), SEQUENCES),
    "neurons": Request(NeuronActivations(LATE.layer, (0, 3)), SEQUENCES),
    "all neurons": Request(NeuronActivations(LATE.layer), SEQUENCES),
    "moments": Request(HeadOutputMoments(), SEQUENCES),
    "tokens": Request(TopTokens(3), PROMPTS),
    "a stream": Request(Residual(Site(3, "resid_post"), "middle"), PROMPTS),
    "mean": Request(Loss(), SEQUENCES, under=Ablation((LATE, MLP(1)))),
    "donors": Request(Loss(), SEQUENCES, under=Ablation((LATE,), "resample", seed=1)),
    "frozen scales": Request(
        Loss(), SEQUENCES, under=Ablation((LATE, Head(1, 1)), frozen_scale=True)
    ),
    "preserving": Request(Loss(), SEQUENCES, under=PreservingAblation(LATE)),
    "patch": Request(LogitDifference(), PROMPTS, under=Patch((LATE, Head(1, 0)), "corrupt")),
    "at a position": Request(
        LogitDifference(), PROMPTS, under=Patch((Head(1, 0),), "corrupt", at="middle")
    ),
    "steering": Request(
        LogitDifference(),
        PROMPTS,
        under=Steer(Direction(Site(2, "resid_post"), PROMPTS, SEQUENCES)),
    ),
}


@pytest.fixture(scope="module", params=DEEP)
def deep(request, tmp_path_factory):
    backend = loaded(request.param, tmp_path_factory.mktemp(request.param))
    assert backend.can_pad
    return backend


def scores_of(backend, *requests):
    engine = Executor(backend)
    engine.run(requests)
    return [engine.store.scores[request] for request in requests]


def test_scores_are_those_of_rows_that_are_not_padded(deep, monkeypatch):
    some = {n: SCORES[n] for n in SCORES if n != "frozen scales" or deep.has_post_norms}
    padded = scores_of(deep, *some.values())
    monkeypatch.setattr(type(deep), "can_pad", False)
    plain = scores_of(deep, *some.values())
    for name, one, other in zip(some, padded, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=name)


def test_one_position_too_many_would_show(deep, monkeypatch):
    """What pads a row is not like what is in it."""
    right = scores_of(deep, SCORES["all neurons"])[0]
    monkeypatch.setattr(
        "circuit_assert.execution.rows.Rows._own",
        lambda self, name, activation: activation[self.rows],
    )
    wrong = scores_of(deep, SCORES["all neurons"])[0]
    assert np.abs(wrong - right).max() > 0.01


def test_lengths_near_each_other_share_a_run(deep):
    before = deep.blocks_run
    scores_of(deep, SCORES["loss"])
    assert deep.blocks_run - before == RUNS * LAYERS


def test_attention_that_is_run_again_is_not_padded(deep):
    engine = Executor(deep)
    edge = Edge(Head(1, 0), Logits())
    clean = [Request(LogitDifference(), PROMPTS, side) for side in ("clean", "corrupt")]
    patched = Request(LogitDifference(), PROMPTS, under=PathPatch(frozenset({edge}), LAYERS, HEADS))
    engine.run([*clean, patched])
    apart = Executor(deep)
    apart.run([patched])
    np.testing.assert_allclose(
        engine.store.scores[patched], apart.store.scores[patched], rtol=0, atol=1e-5
    )


def lengths_of_groups(rows, may_pad, items=1):
    """Of each run, the lengths in it."""
    tokens = [np.zeros(length, np.int64) for length, count in rows.items() for _ in range(count)]
    prompts = TokenizedPrompts({"clean": tokens}, np.arange(len(tokens)), clusters={}, positions={})
    groups = groups_of_pieces(
        prompts, "clean", [0] * items, dict.fromkeys(rows, 10_000), may_pad=may_pad
    )
    return [[len(tokens[piece.units[0]]) for piece in group] for group in groups]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({8: 2, 10: 3}, [[8, 10]]),
        ({7: 2, 10: 3}, [[7], [10]]),
        ({8: 2, 9: 1, 10: 3, 11: 1}, [[8, 9, 10], [11]]),
        ({8: 500, 10: 3}, [[8], [10]]),  # large enough alone
        ({8: 3, 10: 500, 11: 2}, [[8, 10], [11]]),
    ],
)
def test_few_rows_are_padded_and_not_by_much(rows, expected):
    assert lengths_of_groups(rows, may_pad=True) == expected
    assert lengths_of_groups(rows, may_pad=False) == [[length] for length in rows]


def test_items_share_it_too():
    assert lengths_of_groups({8: 2, 10: 3}, may_pad=True, items=2) == [[8, 10, 8, 10]]


def test_a_model_that_looks_ahead_is_not_padded(deep, monkeypatch):
    run = type(deep).run
    vars(deep).pop("_can_pad", None)

    def ahead(self, tokens, **options):
        final = run(self, tokens, **options)
        return final + 0.1 * final.mean(1, keepdim=True)

    with monkeypatch.context() as patch:
        patch.setattr(type(deep), "run", ahead)
        with pytest.warns(SlowerWarning, match="rows of several lengths"):
            assert not deep.can_pad
    vars(deep).pop("_can_pad", None)
    assert deep.can_pad


def test_tokens_that_pad_are_those_of_the_row():
    from circuit_assert.execution.rows import padded

    rows = [np.array([1, 2, 3]), np.array([4, 5])]
    assert padded(rows).tolist() == [[1, 2, 3], [4, 5, 5]]
    assert torch.from_numpy(padded(rows)).dtype == torch.int64
