"""Changes of a model's weights that leave its function as it was, and what has to stay then."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from circuit_assert import Session
from circuit_assert.stats import Verdict


def _rows_of_heads(width, order):
    return torch.cat([torch.arange(head * width, (head + 1) * width) for head in order])


def permute_heads(layer, heads, groups=None):
    """Heads in a new order; `groups` is the new order of what they share keys and values by."""

    def change(tensors):
        width = len(tensors[f"layers.{layer}.attn.q.bias"]) // len(heads)
        for name, order in (("q", heads), ("k", groups or heads), ("v", groups or heads)):
            for part in ("weight", "bias"):
                key = f"layers.{layer}.attn.{name}.{part}"
                tensors[key] = tensors[key][_rows_of_heads(width, order)]
        key = f"layers.{layer}.attn.o.weight"
        tensors[key] = tensors[key][:, _rows_of_heads(width, heads)]

    return change


def mix_values(layer, card):
    """Values rotated and rescaled within each group, and its heads' outputs turned back."""

    def change(tensors):
        generator = torch.Generator().manual_seed(0)
        width, per_group = card.d_head, card.heads // card.kv_heads
        value, output = (tensors[f"layers.{layer}.attn.{n}.weight"] for n in "vo")
        for group in range(card.kv_heads):
            turn = torch.linalg.qr(torch.randn(width, width, generator=generator).double())[0]
            mixed, back = (3.0 * turn).float(), (turn / 3.0).float()
            rows = slice(group * width, (group + 1) * width)
            value[rows] = mixed @ value[rows]
            for head in range(group * per_group, (group + 1) * per_group):
                columns = slice(head * width, (head + 1) * width)
                output[:, columns] = output[:, columns] @ back.T

    return change


def permute_neurons(layer, order):
    """Neurons in a new order: number n is now what `order[n]` was."""

    def change(tensors):
        for key, across in _neuron_sides(tensors, layer):
            tensors[key] = tensors[key][:, order] if across else tensors[key][list(order)]

    return change


def rescale_neurons(layer):
    """Each neuron's reading times a number of its own, its output over it (ReLU passes it on)."""

    def change(tensors):
        for key, across in _neuron_sides(tensors, layer):
            if key.endswith("mlp.in.weight"):
                continue  # of a gated neuron, the gate is what is rescaled
            neurons = tensors[key].shape[1] if across else len(tensors[key])
            by = _sizes(neurons)
            if across:
                tensors[key] = tensors[key] / by
            else:
                tensors[key] = tensors[key] * by.view(-1, *(1,) * (tensors[key].ndim - 1))

    return change


def _sizes(neurons):
    drawn = torch.empty(neurons).uniform_(-1.5, 1.5, generator=torch.Generator().manual_seed(0))
    return drawn.exp()


def flip_neurons(layer):
    """Of gated neurons, every up-row negated (and stretched) together with its down-column."""

    def change(tensors):
        tensors[f"layers.{layer}.mlp.in.weight"] *= -4
        tensors[f"layers.{layer}.mlp.out.weight"] /= -4

    return change


def _neuron_sides(tensors, layer):
    """Keys that have a row (or, where it says so, a column) for each neuron of a layer."""
    names = {"fc_in.weight": 0, "fc_in.bias": 0, "fc_out.weight": 1}
    names |= {"gate.weight": 0, "in.weight": 0, "out.weight": 1}
    keys = ((f"layers.{layer}.mlp.{name}", across) for name, across in names.items())
    return [(key, across) for key, across in keys if key in tensors]


def shuffled(count):
    """An order of so many, drawn at random."""
    return np.random.default_rng(0).permutation(count).tolist()


@pytest.fixture(scope="session")
def changes():
    return SimpleNamespace(
        permute_heads=permute_heads,
        mix_values=mix_values,
        permute_neurons=permute_neurons,
        rescale_neurons=rescale_neurons,
        flip_neurons=flip_neurons,
        shuffled=shuffled,
    )


def _same(before, after):
    """The verdict, each finding's, and each effect are what they were."""
    assert after.verdict is before.verdict, (before.reason, after.reason)
    for one, other in zip(before.findings, after.findings, strict=True):
        assert one.verdict is other.verdict, one.name
        effects = [e for e in (one.effect, other.effect) if e is not None]
        if len(effects) == 2 and one.unit != "activation":  # a unit that rescaling changes
            assert np.isclose(*effects, atol=1e-4, rtol=1e-4), one.name


@pytest.fixture(scope="session")
def judged():
    """`judged(planted, judge)`: what is found of a model as planted, by a session of its own."""
    known = {}

    def of(planted, judge):
        asked = planted.name, judge
        if asked not in known:
            known[asked] = judge(Session().model(planted))
        return known[asked]

    return of


@pytest.fixture(scope="session")
def stays(altered, judged):
    """Compares what is found of a model, some of it supported and some not, before and after.

    `judge` takes a model and returns evidence, `judge_moved` the same at the new addresses. Each
    model has a session of its own: what another test has measured would decide some claims before
    all is measured.
    """

    def compare(planted, name, change, judge, judge_moved=None):
        before = judged(planted, judge)
        changed = altered(planted, name, change)
        old, new = planted.weights(), changed.weights()
        assert any(not torch.equal(tensor, new[key]) for key, tensor in old.items())
        after = (judge_moved or judge)(Session().model(changed))
        for one, other in zip(before, after, strict=True):
            _same(one, other)
        verdicts = {evidence.verdict for evidence in before}
        assert Verdict.SUPPORTED in verdicts
        assert len(verdicts) > 1

    return compare
