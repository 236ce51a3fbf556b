"""A pair of heads composes, another only by the norms of its weights: shown by hand."""

import numpy as np
import pytest
import torch

from circuit_assert import head_attends_inductively, repeated_tokens
from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.models.planted_models import composition_model
from circuit_assert.models.spec import spec_of
from circuit_assert.stats import Verdict

PLANTED = composition_model()
HEADS, D_HEAD = PLANTED.card.heads, PLANTED.card.d_head
COMPOSES, LOOKS_SO = (0, 0), (1, 1)  # head of the first layer, head of the second
REPLACEMENTS = {
    "zero": torch.zeros_like,
    "mean": lambda z: z.mean(0, keepdim=True).expand_as(z),
    "another prompt": lambda z: z.roll(1, 0),
}


def weights_of(layer, name, head):
    """A head's rows of W_Q, W_K or W_V; its columns of W_O, transposed: `[d_head, d_model]`."""
    tensor = PLANTED.state_dict()[f"layers.{layer}.attn.{name}.weight"].double().numpy()
    return (tensor.T if name == "o" else tensor)[head * D_HEAD : (head + 1) * D_HEAD]


def k_composition(first, second):
    """‖W_QK W_OV‖ / (‖W_QK‖ ‖W_OV‖) (Elhage et al. 2021), the first head on the key's side."""
    moved = weights_of(0, "v", first).T @ weights_of(0, "o", first)
    scored = weights_of(1, "q", second).T @ weights_of(1, "k", second)
    norms = np.linalg.norm(moved) * np.linalg.norm(scored)
    return np.linalg.norm(scored @ moved.T) / norms


def each_pair(measure):
    return np.array([[measure(i, j) for j in range(HEADS)] for i in range(HEADS)])


def bystanders(table):
    return [table[pair] for pair in np.ndindex(table.shape) if pair not in (COMPOSES, LOOKS_SO)]


@pytest.fixture(scope="module")
def engine():
    return load(spec_of(PLANTED))


@pytest.fixture(scope="module")
def tokens():
    drawn = repeated_tokens(lengths=(20,)).tokenize(PLANTED.tokenizer)
    return torch.tensor(np.stack(drawn.tokens["clean"]))


def read(engine, tokens, site, edits=None):
    kept = []
    engine.run(tokens, reads={site: [kept.append]}, edits=edits or {}, last_layer=1)
    return kept[0].clone()


def attention_moved(engine, tokens, replacement):
    """Share of each head's attention that moves when a first head's output is replaced."""
    clean, z = (read(engine, tokens, Site(*site)) for site in ((1, "pattern"), (0, "z")))
    moved = []
    for first in range(HEADS):

        def replace(activation, first=first):
            edited = activation.clone()
            edited[:, :, first] = replacement(z[:, :, first])
            return edited

        patched = read(engine, tokens, Site(1, "pattern"), {Site(0, "z"): [replace]})
        moved.append((patched - clean).abs().sum(-1).mean((0, 2)) / 2)
    return torch.stack(moved).numpy()


def test_both_pairs_look_like_composition_by_their_weights():
    scores = each_pair(k_composition)
    assert scores[LOOKS_SO] > scores[COMPOSES] > 4 * max(bystanders(scores))


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_one_pair_composes(engine, tokens, replacement):
    moved = attention_moved(engine, tokens, REPLACEMENTS[replacement])
    assert moved[COMPOSES] > 0.5
    assert moved[LOOKS_SO] < 0.001
    assert max(bystanders(moved)) < 0.05


def test_each_head_of_the_second_layer_attends_somewhere(engine, tokens):
    largest = read(engine, tokens, Site(1, "pattern")).max(-1).values[:, :, 20:]
    assert (largest.mean((0, 2)) > 0.8).all()  # a pattern that is flat could not have moved


def test_the_pair_that_composes_makes_an_induction_head(model_of):
    model = model_of(PLANTED)
    verdicts = [
        head_attends_inductively(model[address]).check().verdict for address in ("L1H0", "L1H1")
    ]
    assert verdicts == [Verdict.SUPPORTED, Verdict.REFUTED]
