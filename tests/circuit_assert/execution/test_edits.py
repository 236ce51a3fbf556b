"""Each intervention against the same thing done by hand, one prompt at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from circuit_assert.components import MLP, Direction, Head, Neuron, Site
from circuit_assert.errors import PromptError
from circuit_assert.execution import edits
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import (
    Ablation,
    Patch,
    ReplaceAtPositions,
    Resampling,
    Shift,
    Steer,
)
from circuit_assert.measurements import LogitDifference, NeuronActivations, Request, Residual


class ByHand:
    """One prompt at a time, through the bridge's own hooks."""

    def __init__(self, backend, prompts):
        self.backend = backend
        self.prompts = prompts.tokenize(backend.tokenizer)

    def tokens(self, unit, side="clean"):
        return torch.from_numpy(self.prompts.tokens[side][unit])[None]

    def activation(self, unit, hook, side="clean"):
        kept = []
        self.backend._bridge.run_with_hooks(
            self.tokens(unit, side), fwd_hooks=[(hook, lambda a, hook: kept.append(a.clone()))]
        )
        return kept[0][0]

    def difference(self, unit, hook=None, edit=None, side="clean"):
        def change(activation, hook):
            activation = activation.clone()
            edit(activation[0])
            return activation

        hooks = [(hook, change)] if hook else []
        logits = self.backend._bridge.run_with_hooks(self.tokens(unit, side), fwd_hooks=hooks)[
            0, -1
        ]
        answer, foil = self.prompts.answers[unit], self.prompts.foils[unit]
        return float(logits[answer] - logits[foil])

    def partners(self, unit):
        groups = self.prompts.groups
        return [u for u in range(len(groups)) if groups[u] == groups[unit] and u != unit]


@pytest.fixture
def by_hand(lookup, task):
    return ByHand(lookup, task)


def measured(backend, prompts, under, side="clean"):
    engine = Executor(backend)
    request = Request(LogitDifference(), prompts, side, under)
    engine.run([request])
    return engine.store.scores[request]


def assert_same(scores, expected):
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def set_head(head, value):
    def edit(z):
        z[:, head] = value

    return edit


def test_zero_ablation_of_a_head(lookup, task, by_hand):
    scores = measured(lookup, task, Ablation((Head(1, 0),), "zero"))
    expected = [
        by_hand.difference(u, "blocks.1.attn.hook_z", set_head(0, 0.0)) for u in range(len(task))
    ]
    assert_same(scores, expected)
    assert abs(scores - measured(lookup, task, None)).min() > 0.5


def test_a_mean_leaves_the_own_unit_out(lookup, task, by_hand):
    scores = measured(lookup, task, Ablation((Head(1, 0),)))
    for unit in range(len(task)):
        others = [
            by_hand.activation(u, "blocks.1.attn.hook_z")[:, 0] for u in by_hand.partners(unit)
        ]
        assert len(others) == 3  # four prompts share a template
        edit = set_head(0, torch.stack(others).mean(0))
        expected = by_hand.difference(unit, "blocks.1.attn.hook_z", edit)
        assert scores[unit] == pytest.approx(expected, abs=1e-5)


def test_a_mean_with_the_own_unit_would_be_seen(lookup, task, by_hand):
    everyone = [0, *by_hand.partners(0)]
    others = [by_hand.activation(u, "blocks.1.attn.hook_z")[:, 0] for u in everyone]
    edit = set_head(0, torch.stack(others).mean(0))
    wrong = by_hand.difference(0, "blocks.1.attn.hook_z", edit)
    assert abs(measured(lookup, task, Ablation((Head(1, 0),)))[0] - wrong) > 0.1


def test_a_mean_over_the_corrupt_side_leaves_the_own_unit_out(lookup, task, by_hand):
    under = Ablation((Head(1, 0),), "mean", reference=task, reference_side="corrupt")
    scores = measured(lookup, task, under)
    others = [
        by_hand.activation(u, "blocks.1.attn.hook_z", "corrupt")[:, 0] for u in by_hand.partners(2)
    ]
    edit = set_head(0, torch.stack(others).mean(0))
    assert scores[2] == pytest.approx(by_hand.difference(2, "blocks.1.attn.hook_z", edit), abs=1e-5)


def test_a_mean_over_another_set_takes_all_of_its_template(lookup, task, by_hand):
    reference = replace(task, name="reference", prompts=tuple(task.prompts[1:]))
    scores = measured(lookup, task, Ablation((Head(1, 0),), "mean", reference=reference))
    others = [by_hand.activation(u, "blocks.1.attn.hook_z")[:, 0] for u in by_hand.partners(0)]
    edit = set_head(0, torch.stack(others).mean(0))
    assert scores[0] == pytest.approx(by_hand.difference(0, "blocks.1.attn.hook_z", edit), abs=1e-5)


def test_a_lone_prompt_gets_the_mean_over_all_positions_of_the_others(lookup, task, by_hand):
    lengths = [len(row) for row in by_hand.prompts.tokens["clean"]]
    units = [
        next(i for i, n in enumerate(lengths) if n == length) for length in sorted(set(lengths))
    ]
    assert len(units) > 2
    lonely = replace(task, name="lonely", prompts=tuple(task.prompts[u] for u in units))
    scores = measured(lookup, lonely, Ablation((Head(1, 0),)))
    rest = torch.cat([by_hand.activation(u, "blocks.1.attn.hook_z")[:, 0] for u in units[1:]])
    edit = set_head(0, rest.mean(0))
    expected = by_hand.difference(units[0], "blocks.1.attn.hook_z", edit)
    assert scores[0] == pytest.approx(expected, abs=1e-5)


def test_resampled_activations_are_those_of_another_prompt(lookup, task, by_hand):
    """Of one of the three others of the template, for each draw one of them."""
    site, z = Residual(Site(1, "resid_mid")), "blocks.1.attn.hook_z"
    weights, unit, drawn = lookup.head_output_weights(1)[0], 5, set()
    outputs = {p: by_hand.activation(p, z)[-1, 0] @ weights for p in range(len(task))}

    def residual(under=None):
        engine, request = Executor(lookup), Request(site, task, "clean", under)
        engine.run([request])
        return engine.store.scores[request][unit]

    for draw in range(12):
        change = residual(Resampling(((Head(1, 0), None),), draw)) - residual()
        distance = {
            p: float(np.abs(change - (outputs[p] - outputs[unit]).numpy()).max())
            for p in by_hand.partners(unit)
        }
        nearest = min(distance, key=distance.__getitem__)
        assert distance[nearest] < 1e-5
        drawn.add(nearest)
    assert drawn == set(by_hand.partners(unit))


def test_each_component_has_a_donor_of_its_own(lookup, task):
    """Heads of one draw, resampled together, are mostly not those of one other prompt."""
    heads = tuple((Head(layer, n), None) for layer in range(2) for n in range(8))
    donors = {edits._drawn(Resampling(heads), head, 3)[0] for head, _ in heads}
    assert len(donors) == len(heads)


def test_who_has_no_donor_keeps_its_own(lookup, task):
    """Every prompt of a template has another cue."""
    under = Resampling(((Head(1, 0), "cue"),), may_do_nothing=True)
    assert_same(measured(lookup, task, under), measured(lookup, task, None))


def test_a_donor_has_another_answer(lookup, task, by_hand):
    for draw in range(4):
        under = Ablation((Head(1, 0),), "resample", draw=draw)
        scores = measured(lookup, task, under)
        candidates = [
            by_hand.difference(
                0,
                "blocks.1.attn.hook_z",
                set_head(0, by_hand.activation(u, "blocks.1.attn.hook_z")[:, 0]),
            )
            for u in by_hand.partners(0)
            if by_hand.prompts.answers[u] != by_hand.prompts.answers[0]
        ]
        assert min(abs(scores[0] - c) for c in candidates) < 1e-5
        assert abs(scores[0] - by_hand.difference(0)) > 0.1


def test_draws_go_through_the_donors(lookup, task):
    def under(seed, draw):
        how = Ablation((Head(1, 0),), "resample", draw=draw, seed=seed)
        return residuals_under(lookup, task, how, Site(1, "resid_post"))[0]

    first, again, other = (np.array([under(s, draw) for draw in range(3)]) for s in (0, 0, 1))
    assert_same(first, again)
    assert not np.allclose(first, other)
    for unit in range(len(task)):
        donors = first[:, unit]  # a template's other three prompts, each of them once
        assert min(np.abs(donors[i] - donors[i - 1]).max() for i in range(3)) > 0.1


def test_without_another_answer_there_is_no_donor(lookup, task):
    one = task.where(lambda p: p.answer == task.prompts[0].answer)
    with pytest.raises(PromptError, match="has no donor"):
        measured(lookup, one, Ablation((Head(1, 0),), "resample"))


def test_ablating_one_position_leaves_the_others(lookup, task, by_hand):
    scores = measured(lookup, task, Ablation((Head(1, 0),), "zero", at="end"))
    whole = measured(lookup, task, Ablation((Head(1, 0),), "zero"))
    elsewhere = measured(lookup, task, Ablation((Head(1, 0),), "zero", at="cue"))

    def edit(z):
        z[-1, 0] = 0.0

    assert scores[0] == pytest.approx(by_hand.difference(0, "blocks.1.attn.hook_z", edit), abs=1e-5)
    assert_same(scores, whole)  # the last layer's other positions are not read
    assert_same(elsewhere, measured(lookup, task, None))


def test_an_unknown_position_is_named(lookup, task):
    with pytest.raises(PromptError, match="no position 'IO'; it has: cue, end"):
        measured(lookup, task, Ablation((Head(1, 0),), "zero", at="IO"))


@pytest.mark.parametrize(("side", "source"), [("corrupt", "clean"), ("clean", "corrupt")])
def test_patching_from_the_other_side(lookup, task, by_hand, side, source):
    scores = measured(lookup, task, Patch((Head(1, 0),), source), side)
    expected = [
        by_hand.difference(
            u,
            "blocks.1.attn.hook_z",
            set_head(0, by_hand.activation(u, "blocks.1.attn.hook_z", source)[:, 0]),
            side,
        )
        for u in range(len(task))
    ]
    assert_same(scores, expected)


def test_patching_everything_at_the_end_gives_the_other_sides_answer(lookup, task):
    heads = tuple(Head(layer, head) for layer in range(2) for head in range(8))
    patched = measured(lookup, task, Patch((*heads, MLP(1)), "clean"), "corrupt")
    assert_same(patched, measured(lookup, task, None))


def test_several_components_are_edited_together(lookup, task, by_hand):
    scores = measured(lookup, task, Ablation((Head(1, 2), Head(1, 3)), "zero"))

    def edit(z):
        z[:, 2:4] = 0.0

    assert scores[3] == pytest.approx(by_hand.difference(3, "blocks.1.attn.hook_z", edit), abs=1e-5)
    one = measured(lookup, task, Ablation((Head(1, 2),), "zero"))
    assert abs(scores - one).min() > 0.5  # they back each other up


def test_a_neuron_is_ablated_alone(lookup, task, by_hand):
    cue = int(task.prompts[0].answer.removeprefix(" answer"))
    scores = measured(lookup, task, Ablation((Neuron(1, 2 * cue),), "zero"))

    def edit(a):
        a[:, 2 * cue] = 0.0

    assert scores[0] == pytest.approx(
        by_hand.difference(0, "blocks.1.mlp.hook_post", edit), abs=1e-5
    )
    assert abs(scores[0] - by_hand.difference(0)) > 0.5
    plain = measured(lookup, task, None)
    other = next(u for u in range(len(task)) if task.prompts[u].answer != task.prompts[0].answer)
    assert scores[other] == pytest.approx(plain[other], abs=1e-5)


@pytest.fixture
def direction(task):
    """A direction at the last layer's input, between two templates."""
    first, second = (
        task.where(lambda p, t=t: p.clusters["template"] == f"lookup/{t}") for t in (1, 2)
    )
    return Direction(Site(1, "resid_post"), first, second)


def residuals_under(backend, prompts, under, site):
    engine = Executor(backend)
    request = Request(Residual(site), prompts, under=under)
    engine.run([request])
    return engine.store.scores[request], engine.store


def test_a_direction_is_a_difference_of_means(lookup, task, direction, by_hand):
    _, store = residuals_under(lookup, task, Steer(direction), direction.site)
    ends = [by_hand.activation(u, "blocks.1.hook_resid_post")[-1] for u in range(8)]
    expected = torch.stack(ends[:4]).mean(0) - torch.stack(ends[4:]).mean(0)
    torch.testing.assert_close(store.vector(direction), expected, atol=1e-5, rtol=0)


def test_steering_adds_a_multiple_of_the_direction(lookup, task, direction):
    plain, _ = residuals_under(lookup, task, None, direction.site)
    steered, store = residuals_under(lookup, task, Steer(direction, -2.5), direction.site)
    vector = store.vector(direction).numpy()
    np.testing.assert_allclose(steered - plain, np.tile(-2.5 * vector, (len(task), 1)), atol=1e-4)


@pytest.mark.parametrize("how", ["zero", "mean"])
def test_ablating_a_direction_sets_the_projection_and_nothing_else(lookup, task, direction, how):
    plain, _ = residuals_under(lookup, task, None, direction.site)
    edited, store = residuals_under(lookup, task, Ablation((direction,), how), direction.site)
    unit = store.vector(direction).numpy()
    unit = unit / np.linalg.norm(unit)
    projected = plain @ unit
    if how == "zero":
        expected = np.zeros(len(task))
    else:
        groups = store.tokenized(task).groups
        expected = [
            np.mean(
                [projected[u] for u in range(len(task)) if groups[u] == groups[own] and u != own]
            )
            for own in range(len(task))
        ]
    np.testing.assert_allclose(edited @ unit, expected, atol=1e-4)
    across = (edited - plain) - np.outer((edited - plain) @ unit, unit)
    assert np.abs(across).max() < 1e-5


def test_a_shift_gives_each_unit_its_own_vector(lookup, task):
    site = Site(1, "resid_post")
    vectors = np.random.default_rng(0).standard_normal((len(task), lookup.card.d_model))
    plain, _ = residuals_under(lookup, task, None, site)
    shifted, _ = residuals_under(lookup, task, Shift(site, vectors, "test"), site)
    np.testing.assert_allclose(shifted - plain, vectors, atol=1e-4)


def test_replacing_sets_the_given_positions_only(lookup, task):
    engine = Executor(lookup)
    replaced = ReplaceAtPositions(
        (Neuron(1, 5), Neuron(1, 7)), [[2, 3], [9, 1]], [[1, 2], [3, 4]], "k"
    )
    requests = [Request(NeuronActivations(1, (5, 6, 7)), task, under=u) for u in (None, replaced)]
    engine.run(requests)
    plain, edited = (engine.store.scores[r] for r in requests)
    expected = plain.copy()
    expected[2, 3, [0, 2]] = [1, 2]
    expected[9, 1, [0, 2]] = [3, 4]
    np.testing.assert_allclose(edited, expected, atol=1e-6)
