"""Rows of tokens that several prompt sets have in common run once."""

from dataclasses import replace

import numpy as np
import pytest

from circuit_assert.components import Head, Site
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.store import Store
from circuit_assert.interventions import Patch
from circuit_assert.measurements import LogitDifference, Request, Residual
from circuit_assert.measurements.activations import Kept
from circuit_assert.prompts.repeated import repeated_tokens
from tests.circuit_assert.execution.deep_models import LAYERS, loaded

MIDDLE = Residual(Site(2, "resid_post"))


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    return loaded("llama", tmp_path_factory.mktemp("llama"))


@pytest.fixture
def half(task):
    """Every other prompt of the task, as a set of its own."""
    return replace(task, name="half", prompts=task.prompts[::2])


def blocks(backend, engine, *requests):
    before = backend.blocks_run
    engine.run(requests)
    return backend.blocks_run - before


def runs(backend, on):
    """How many runs a pass takes: lengths that are near each other share one."""
    first = Request(Residual(Site(0, "resid_pre")), on)
    return blocks(backend, Executor(backend), first)


def test_a_set_whose_rows_another_had_starts_at_the_deepest_of_its_streams(lookup, task, half):
    engine = Executor(lookup)
    assert blocks(lookup, engine, Request(LogitDifference(), task)) == 2 * runs(lookup, task)
    assert blocks(lookup, engine, Request(LogitDifference(), half)) == runs(lookup, half)


@pytest.mark.parametrize("turned", [False, True])
def test_the_larger_set_runs_first_in_whatever_order_they_are_asked_for(lookup, task, half, turned):
    requests = [Request(LogitDifference(), on) for on in (task, half)]
    run = blocks(lookup, Executor(lookup), *(reversed(requests) if turned else requests))
    assert run == 2 * runs(lookup, task) + runs(lookup, half)


def test_scores_are_those_of_a_set_alone(lookup, task, half):
    together, alone = Executor(lookup), Executor(lookup)
    asked = Request(LogitDifference(), half)
    together.run([Request(LogitDifference(), task), asked])
    alone.run([asked])
    np.testing.assert_allclose(
        together.store.scores[asked], alone.store.scores[asked], rtol=0, atol=1e-5
    )


def test_sets_with_some_rows_in_common_run_apart(lookup, task):
    first, second = (
        replace(task, name=name, prompts=task.prompts[part])
        for name, part in (("first", slice(0, 20)), ("second", slice(12, 32)))
    )
    run = blocks(
        lookup, Executor(lookup), *(Request(LogitDifference(), on) for on in (first, second))
    )
    assert run == 2 * (runs(lookup, first) + runs(lookup, second))


def test_no_block_runs_for_streams_alone_that_were_kept_once(deep):
    """They are forgotten, the lowest first, and what lies below the rest is not run for them."""
    on = repeated_tokens(lengths=(4, 5, 6), sequences=12)
    engine = Executor(deep)
    top = LAYERS - 2
    assert blocks(deep, engine, Request(MIDDLE, on)) == runs(deep, on) * 3
    assert (
        blocks(deep, engine, Request(Residual(Site(top, "resid_post")), on)) == runs(deep, on) * 2
    )
    one = sum(t.nbytes for t in engine.store.kept(Site(0, "resid_post"), on, "clean"))
    engine.store.forget_activations(one)
    assert not engine.store.has(Request(Kept(Site(0, "resid_post")), on))
    last = Residual(Site(LAYERS - 1, "resid_post"))
    assert blocks(deep, engine, Request(last, on)) == runs(deep, on)


def test_what_reads_all_layers_runs_all_of_them(lookup, task, half):
    engine = Executor(lookup)
    engine.run([Request(LogitDifference(), task)])
    residuals = [Request(Residual(Site(layer, "resid_post")), half) for layer in range(2)]
    assert blocks(lookup, engine, *residuals) == 2 * runs(lookup, half)


def test_what_two_sets_have_counts_once_and_goes_with_the_last(lookup, task, half):
    engine = Executor(lookup)
    engine.run([Request(LogitDifference(), task)])
    alone = engine.store.kept_bytes
    engine.store.adopt(half, "clean")
    first, second = (Request(Kept(Site(0, "resid_post")), on) for on in (task, half))
    assert engine.store.has(second)
    assert engine.store.kept_bytes == alone > 0
    engine.store.forget_activations(alone - 1)
    assert not engine.store.has(first)
    left = engine.store.kept_bytes
    assert 0 < left < alone
    assert engine.store.has(second)
    engine.store.forget_activations(left - 1)
    assert engine.store.kept_bytes == 0
    assert not engine.store.has(second)


def test_what_is_kept_anew_counts_once(lookup, task):
    engine = Executor(lookup)
    engine.run([Request(LogitDifference(), task)])
    alone, site = engine.store.kept_bytes, Site(0, "resid_post")
    rows = [tensor.clone() for tensor in engine.store.kept(site, task, "clean")]
    engine.store.keep(Kept(site), task, "clean", rows)
    assert engine.store.kept_bytes == alone
    engine.store.forget_activations(0)
    assert engine.store.kept_bytes == 0


def test_sharing_frees_no_memory(lookup, task, half):
    engine = Executor(lookup)
    engine.run([Request(LogitDifference(), on) for on in (task, half)])
    engine.store.forget_activations(engine.store.kept_bytes // 4)
    assert engine.store.kept_bytes == 0


def test_some_sets_let_their_streams_go_last(lookup, task, half):
    engine = Executor(lookup)
    engine.run([Request(LogitDifference(), task)])
    engine.run([Request(LogitDifference(), task, "corrupt")])
    both = engine.store.kept_bytes
    stream = Kept(Site(0, "resid_post"))
    engine.store.forget_activations(both // 2, last={(task, "clean")})
    assert engine.store.has(Request(stream, task))
    assert not engine.store.has(Request(stream, task, "corrupt"))
    engine.store.forget_activations(0, last={(task, "clean")})
    assert engine.store.kept_bytes == 0


def test_what_is_swept_keeps_its_streams_while_others_are_observed(deep, monkeypatch):
    """As far as memory goes; they tell what a patch cannot change."""
    swept, *others = (
        repeated_tokens(lengths=(4, 5, 6), sequences=12, seed=seed) for seed in range(6)
    )
    patched = Request(MIDDLE, swept, "clean", Patch((Head(1, 0),), "corrupt"))
    tokens = sum(map(len, swept.tokenize(deep.tokenizer).tokens["clean"]))
    stream = 4 * deep.card.d_model * tokens
    engine = Executor(deep, memory=3 * stream)  # 27 of which are kept between runs, not 60
    held: list[int] = []
    run_items = Executor._run_items

    def noted(self, on, side, items):
        if items[0][0] is not None:
            streams = (Kept(Site(layer, "resid_post")) for layer in range(LAYERS - 1))
            held.append(sum(self.store.has(Request(each, on, side)) for each in streams))
        run_items(self, on, side, items)

    monkeypatch.setattr(Executor, "_run_items", noted)
    last = Residual(Site(LAYERS - 1, "resid_post"))
    asked = [Request(last, on, side) for on in (swept, *others) for side in ("clean", "corrupt")]
    engine.run([patched, *asked])
    assert held == [LAYERS - 1]


def test_other_tokens_are_not_adopted(lookup, task):
    store = Store(lookup.tokenizer)
    executor = Executor(lookup, store=store)
    executor.run([Request(LogitDifference(), task)])
    other = Request(LogitDifference(), task, "corrupt")
    assert blocks(lookup, executor, other) == 2 * runs(lookup, task)
