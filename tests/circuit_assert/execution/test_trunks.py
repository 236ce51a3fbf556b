"""What interventions do alike in lower blocks is run once, and their scores stay as they were."""

from dataclasses import replace

import numpy as np
import pytest

from circuit_assert.components import MLP, Direction, Head, Site
from circuit_assert.execution import sharing
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.memory import KEPT
from circuit_assert.execution.trunks import Branch, Trunk, below, from_on, grown
from circuit_assert.interventions import Ablation, Patch, Resampling, Steer, first_layer
from circuit_assert.measurements import LogitDifference, Loss, Request
from tests.circuit_assert.execution.deep_models import DEEP, HEADS, LAYERS, loaded, random_twins

EVERY = [Head(layer, head) for layer in range(LAYERS) for head in range(HEADS)]


def all_but(*circuit):
    """Patching all heads but some."""
    return Patch(tuple(head for head in EVERY if head not in circuit), "corrupt")


def parted(*interventions, latest=LAYERS - 1, most=100):
    return grown([Branch(each, latest) for each in interventions], most)


# three circuits: the first two part in block 4, the third parted from them in block 2
FIRST = all_but(Head(2, 0), Head(4, 1))
SECOND = all_but(Head(2, 0), Head(4, 2))
THIRD = all_but(Head(2, 1), Head(4, 1))


def test_what_is_alike_is_run_once():
    two, four = Trunk(below(FIRST, 2), 2), Trunk(below(FIRST, 4), 4)
    made = parted(FIRST, SECOND, THIRD)
    assert made.trunks == {two: None, four: two}
    assert made.starts == (four, four, two)


def test_the_part_below_and_the_rest_are_the_whole():
    for whole in (FIRST, Ablation(tuple(EVERY)), Resampling(tuple((h, None) for h in EVERY))):
        for layer in range(1, LAYERS):
            lower, upper = below(whole, layer), from_on(whole, layer)
            assert (*lower.components, *upper.components) == whole.components
            assert max(site.layer for site in lower.sites) == layer - 1
            assert first_layer(upper) == layer
            assert replace(lower, components=whole.components, may_do_nothing=False) == whole
    assert below(Ablation((Head(3, 0),)), 3) is None
    assert from_on(Ablation((Head(3, 0),)), 4) is None


def test_where_nothing_was_done_yet_a_clean_run_is_entered():
    assert parted(Ablation((Head(2, 0),)), Ablation((Head(2, 1),))).trunks == {}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((replace(FIRST, source="clean"),), id="another source"),
        pytest.param((replace(FIRST, at="end"),), id="another position"),
        pytest.param((Ablation(FIRST.components),), id="another kind"),
        pytest.param((), id="none"),
    ],
)
def test_what_is_not_alike_is_not_shared(others):
    assert parted(FIRST, *others).trunks == {}


def test_draws_share_nothing():
    draws = [Resampling(tuple((head, None) for head in EVERY), draw) for draw in range(3)]
    assert parted(*draws).trunks == {}


def test_what_does_not_come_apart_keeps_its_own_run():
    steer = Steer(Direction(Site(1, "resid_post"), PROMPTS, PROMPTS))
    four = Trunk(below(FIRST, 4), 4)
    assert parted(FIRST, steer, SECOND).starts == (four, None, four)


def test_no_run_is_entered_above_what_is_read():
    branches = [Branch(FIRST, 5), Branch(SECOND, 3), Branch(THIRD, 5)]
    two, three = Trunk(below(FIRST, 2), 2), Trunk(below(FIRST, 3), 3)
    made = grown(branches, 100)
    assert made.trunks == {two: None, three: two}
    assert made.starts == (three, three, two)


def test_controls_share_with_what_they_control():
    made = parted(FIRST, replace(SECOND, may_do_nothing=True), replace(FIRST, may_do_nothing=True))
    four, five = Trunk(below(FIRST, 4), 4), Trunk(below(FIRST, 5), 5)
    assert made.starts == (five, four, five)


def test_of_many_those_that_save_most_are_kept():
    two, four = Trunk(below(FIRST, 2), 2), Trunk(below(FIRST, 4), 4)
    assert parted(FIRST, SECOND, THIRD, most=1).starts == (two, two, two)  # 4 blocks, not 2
    assert parted(FIRST, SECOND, most=1).starts == (four, four)
    assert parted(FIRST, SECOND, THIRD, most=0).trunks == {}


def test_every_trunk_is_a_part_of_what_starts_there():
    draw = np.random.default_rng(0)
    for _ in range(20):
        picked = [draw.permutation(len(EVERY))[:3] for _ in range(12)]
        some = [
            Branch(all_but(*(EVERY[n] for n in each)), int(draw.integers(6))) for each in picked
        ]
        made = grown(some, int(draw.integers(8)))
        for branch, start in zip(some, made.starts, strict=True):
            if start is not None:
                assert below(branch.under, start.layer) == start.under
                assert start.layer <= branch.latest
        for trunk, start in made.trunks.items():
            if start is not None:
                assert below(trunk.under, start.layer) == start.under
                assert start.layer < trunk.layer


PROMPTS, OTHERS = (random_twins((7, 9), count=6, seed=seed) for seed in (0, 1))


class Positions:
    """At how many positions the attention of each block runs."""

    def __init__(self, backend):
        self._attention = [block.attn for block in backend._bridge.blocks]
        self._handles = []
        self.of = [0] * len(self._attention)

    def __enter__(self):
        for layer, attention in enumerate(self._attention):
            handle = attention.register_forward_pre_hook(self._note(layer), with_kwargs=True)
            self._handles.append(handle)
        return self

    def __exit__(self, *_):
        for handle in self._handles:
            handle.remove()

    def _note(self, layer):
        def note(module, arguments, named):
            stream = arguments[0] if arguments else named["hidden_states"]
            self.of[layer] += stream.shape[0] * stream.shape[1]

        return note


@pytest.fixture(scope="module", params=DEEP)
def deep(request, tmp_path_factory):
    """A model of six layers."""
    backend = loaded(request.param, tmp_path_factory.mktemp(request.param))
    assert backend.can_resume
    return backend


def score_of(under, measurement=None):
    return Request(measurement or LogitDifference(), PROMPTS, under=under)


def scores_of(backend, requests, **options):
    engine = Executor(backend, **options)
    engine.run(requests)
    return [engine.store.scores[request] for request in requests]


def positions_of(backend, *interventions):
    """Where blocks run under them, all that they need from elsewhere being there."""
    engine = Executor(backend)
    for under in interventions:
        engine.run([score_of(under, Loss())])
    with Positions(backend) as ran:
        engine.run([score_of(under) for under in interventions])
    return ran.of


def test_blocks_run_once_for_what_is_alike(deep, monkeypatch):
    monkeypatch.setattr(type(deep), "can_pad", False)
    tokens = sum(map(len, PROMPTS.tokenize(deep.tokenizer).tokens["clean"]))
    assert positions_of(deep, FIRST) == [tokens] * LAYERS
    once, twice, thrice = tokens, 2 * tokens, 3 * tokens
    assert positions_of(deep, FIRST, SECOND, THIRD) == [once, once, twice, twice, thrice, thrice]


KINDS = {
    "patching": [FIRST, SECOND, THIRD],
    "patching a position": [replace(each, at="middle") for each in (FIRST, SECOND, THIRD)],
    "means": [Ablation(each.components) for each in (FIRST, SECOND, THIRD)],
    "zeros": [Ablation(each.components, "zero") for each in (FIRST, SECOND, THIRD)],
    "donors": [Ablation(each.components, "resample", seed=3) for each in (FIRST, SECOND, THIRD)],
    "frozen scales": [
        Ablation(each.components, frozen_scale=True) for each in (FIRST, SECOND, THIRD)
    ],
    "scrubbing": [
        Resampling(tuple((head, None) for head in each.components))
        for each in (FIRST, SECOND, THIRD)
    ],
    "MLPs and heads": [
        Ablation((MLP(0), Head(1, 0), MLP(3), *more)) for more in ((), (Head(4, 1),), (MLP(5),))
    ],
    "streams": [
        Ablation((Direction(Site(1, site), PROMPTS, OTHERS), Head(3, 0), *more))
        for site in ("resid_mid", "resid_post")
        for more in ((Head(4, 0),), (Head(4, 1),))
    ],
    "mixed": [FIRST, Ablation(FIRST.components), SECOND, Ablation(SECOND.components), THIRD],
}


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_runs_that_share_nothing(deep, kind):
    if kind == "frozen scales" and not deep.has_post_norms:
        pytest.skip("it has no norm behind attention")
    requests = [score_of(under, m) for under in KINDS[kind] for m in (LogitDifference(), Loss())]
    together = scores_of(deep, requests)
    apart = [scores_of(deep, [request])[0] for request in requests]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5)
    assert len({one.tobytes() for one in apart}) == len(requests)  # none does what another does


def ablated(*components):
    return Ablation(components, "zero")


def test_a_part_that_changes_nothing_is_no_failure_and_a_whole_is(induction, sequences):
    """No MLP of that model writes anything."""
    lower = [ablated(Head(0, 0), MLP(layer)) for layer in (1, 2)]
    upper = [ablated(MLP(0), Head(layer, 0)) for layer in (1, 2)]
    neither = [ablated(MLP(0), MLP(layer)) for layer in (1, 2)]
    assert all(parted(*pair, latest=2).trunks for pair in (lower, upper, neither))
    requests = {
        under: Request(Loss(), sequences, under=under) for under in (*lower, *upper, *neither)
    }
    engine = Executor(induction)
    engine.run(requests.values())
    assert {u for u in requests if requests[u] in engine.store.failures} == set(neither)


def test_streams_between_runs_stay_within_the_memory(deep, monkeypatch):
    asked = []
    right = sharing.grown
    monkeypatch.setattr(
        sharing, "grown", lambda some, most: asked.append(most) or right(some, most)
    )
    tokens = sum(map(len, PROMPTS.tokenize(deep.tokenizer).tokens["clean"]))
    stream = 4 * deep.card.d_model * tokens
    for memory in (40 * stream, stream // KEPT):
        engine = Executor(deep, memory=memory)
        engine.run([score_of(FIRST), score_of(SECOND)])
        assert asked[-1] * stream + engine.store.kept_bytes <= KEPT * memory
    assert asked[0] > 1
    assert asked[-1] == 0
