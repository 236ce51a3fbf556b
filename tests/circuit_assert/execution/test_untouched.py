"""What comes before the first difference between two prompts is not computed again."""

from functools import partial

import numpy as np
import pytest
import torch

from circuit_assert.backends.base import Untouched
from circuit_assert.backends.load import load
from circuit_assert.circuits import Edge, HeadInput
from circuit_assert.components import Head, Site
from circuit_assert.execution import untouched as shortcut
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.plan import prerequisites
from circuit_assert.interventions import Ablation, Patch
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.models.planted_models import relay_model, relay_prompts
from circuit_assert.models.spec import spec_of
from circuit_assert.path_patches import PathPatch

PROMPTS = relay_prompts(per_template=1)
MIDDLE = 1  # of three layers: nothing is narrowed in the last one for this reason


@pytest.fixture(scope="module")
def backend():
    """Random weights, so that every position matters to all that follow."""
    loaded = load(spec_of(relay_model().with_random_weights(0)))
    assert loaded.can_narrow
    assert loaded.can_resume
    assert loaded.can_reread
    return loaded


def under(intervention):
    return Request(LogitDifference(), PROMPTS, under=intervention)


def scores_and_positions(backend, intervention):
    """Scores, and at how many positions the middle MLP is computed for them."""
    engine = Executor(backend)
    engine.run([Request(LogitDifference(), PROMPTS), *_kept(backend, intervention)])
    seen = []
    mlp = backend._bridge.blocks[MIDDLE].mlp
    linear = next(part for part in mlp.modules() if isinstance(part, torch.nn.Linear))
    handle = linear.register_forward_pre_hook(lambda _, given: seen.append(given[0][..., 0]))
    try:
        engine.run([under(intervention)])
    finally:
        handle.remove()
    return engine.store.scores[under(intervention)], sum(part.numel() for part in seen)


def _kept(backend, intervention):
    """What the intervention takes from the other side, so that only its own run is counted."""
    return prerequisites(under(intervention), can_resume=True, has_post_norms=False)


def positions(backend):
    """Of all prompts, and of them those from the first other token on."""
    rows = PROMPTS.tokenize(backend.tokenizer).tokens
    pairs = list(zip(rows["clean"], rows["corrupt"], strict=True))
    firsts = [int(np.flatnonzero(clean != corrupt)[0]) for clean, corrupt in pairs]
    assert min(firsts) > 1
    return sum(map(len, rows["clean"])), sum(
        len(rows["clean"][n]) - f for n, f in enumerate(firsts)
    )


PATCHES = {
    "a head": Patch((Head(0, 0),), "corrupt"),
    "heads of two layers": Patch((Head(0, 1), Head(1, 0)), "corrupt"),
    "a path": PathPatch(frozenset({Edge(Head(0, 0), HeadInput(Head(2, 0), "k"))}), 3, 4),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patched_run_computes_what_can_differ(backend, monkeypatch, name):
    found, computed = scores_and_positions(backend, PATCHES[name])
    every, different = positions(backend)
    assert computed == different < every

    monkeypatch.setattr(type(backend), "can_narrow", False)
    whole, computed = scores_and_positions(backend, PATCHES[name])
    assert computed == every
    assert found == pytest.approx(whole, abs=1e-5)
    assert not np.array_equal(whole, np.zeros_like(whole))


@pytest.mark.parametrize("name", ["mlp_out", "mlp_post"])
def test_an_mlp_whose_output_is_read_is_computed_whole(backend, name):
    tokens = torch.arange(1, 17).view(2, 8)
    streams, read = [], []
    site, after = Site(MIDDLE, name), Site(MIDDLE, "resid_post")
    run = partial(backend.run, tokens, edits={}, last_layer=2)
    final = run(reads={after: [streams.append]})
    untouched = Untouched(torch.ones(2, 8, dtype=torch.bool), {MIDDLE: streams[0]})
    assert torch.equal(run(reads={site: [read.append]}, untouched=untouched), final)
    assert not read[0].isnan().any()


def test_an_ablation_can_change_any_position(backend):
    every, _ = positions(backend)
    assert scores_and_positions(backend, Ablation((Head(0, 0),)))[1] == every


def test_one_position_too_many_would_show(backend, monkeypatch):
    whole, _ = scores_and_positions(backend, PATCHES["a head"])
    right = shortcut._alike
    monkeypatch.setattr(shortcut, "_alike", lambda own, other: right(own, other) + 1)
    found, _ = scores_and_positions(backend, PATCHES["a head"])
    assert np.abs(found - whole).max() > 1e-3


def test_a_noise_floor_rests_on_no_other_run(backend):
    engine = Executor(backend)
    engine.run([Request(LogitDifference(), PROMPTS)])
    engine.run([under(PATCHES["a head"])])
    asked = []
    right = type(backend).run

    def run(self, tokens, **options):
        asked.append(options.get("untouched"))
        return right(self, tokens, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(backend), "run", run)
        engine.noise_floor(under(PATCHES["a head"]))
    assert asked
    assert set(asked) == {None}
