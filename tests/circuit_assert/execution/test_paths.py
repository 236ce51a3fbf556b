"""Path patching against a transformer written out head by head, and against whole runs."""

import math

import numpy as np
import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.circuit_files import edges_of
from circuit_assert.circuits import SLOTS, Edge, Embedding, HeadInput, Logits, depth
from circuit_assert.components import MLP, Head
from circuit_assert.errors import ClaimError, ModelError
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Patch
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.models.planted_models import induction_model
from circuit_assert.models.spec import spec_of
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

LAYERS, HEADS = 3, 6


def random_prompts(count=6, seed=0):
    generator = np.random.default_rng(seed)

    def prompt(number):
        length = 6 + 2 * (number % 2)
        clean, corrupt = (" ".join(f"w{n}" for n in row) for row in draw(length))
        return Prompt(clean, corrupt=corrupt, answer=" w7", foil=" w9", clusters={"n": str(number)})

    def draw(length):
        return generator.integers(10, 70, (2, length))

    return PromptSet("random", tuple(prompt(n) for n in range(count)), cluster_by=("n",))


PROMPTS = random_prompts()


class Written:
    """The native transformer with RMS norms and shared keys, every edge an argument."""

    def __init__(self, planted):
        self.card = planted.card
        self.weights = {n: t.double() for n, t in planted.state_dict().items()}

    def outputs(self, tokens, other=None, patched=frozenset()):
        """What every node writes, when the patched edges carry what `other` has."""
        place = self.weights["pos.weight"][: len(tokens)]
        made = {Embedding(): self.weights["tok_embed.weight"][tokens] + place}
        for layer in range(self.card.layers):
            for number in range(self.card.heads):
                head = Head(layer, number)
                streams = {s: self.stream(HeadInput(head, s), made, other, patched) for s in SLOTS}
                made[head] = self.attention(head, streams)
            made[MLP(layer)] = self.mlp(layer, self.stream(MLP(layer), made, other, patched))
        return made

    def stream(self, receiver, made, other, patched):
        return sum(
            (other if Edge(sender, receiver) in patched else made)[sender]
            for sender in made
            if depth(sender) < depth(receiver)
        )

    def difference(self, made, other=None, patched=frozenset()):
        final = self.norm("ln_out", self.stream(Logits(), made, other, patched)[-1])
        answer, foil = self.weights["head.weight"][[7, 9]]
        return float(final @ (answer - foil))

    def norm(self, name, stream):
        return self.weights[f"{name}.weight"] * stream / (stream**2).mean(-1, True).add(1e-5).sqrt()

    def attention(self, head, streams):
        shared = head.head // (self.card.heads // self.card.kv_heads)
        q, k, v = (
            self.norm(f"layers.{head.layer}.ln1", streams[slot])
            @ self.part(head.layer, slot, head.head if slot == "q" else shared).T
            for slot in SLOTS
        )
        scores = (q @ k.T / math.sqrt(self.card.d_head)).masked_fill(
            ~torch.ones(len(q), len(q)).tril().bool(), -math.inf
        )
        columns = slice(head.head * self.card.d_head, (head.head + 1) * self.card.d_head)
        out = self.weights[f"layers.{head.layer}.attn.o.weight"][:, columns]
        return scores.softmax(-1) @ v @ out.T

    def part(self, layer, slot, number):
        rows = slice(number * self.card.d_head, (number + 1) * self.card.d_head)
        return self.weights[f"layers.{layer}.attn.{slot}.weight"][rows]

    def mlp(self, layer, stream):
        read = self.norm(f"layers.{layer}.ln2", stream)
        name = f"layers.{layer}.mlp"
        hidden = read @ self.weights[f"{name}.fc_in.weight"].T + self.weights[f"{name}.fc_in.bias"]
        return hidden.relu() @ self.weights[f"{name}.fc_out.weight"].T


def noisy(seed):
    """Random weights of which every part matters."""
    from dataclasses import replace

    planted = induction_model(grouped_queries=True)

    def weights():
        generator = torch.Generator().manual_seed(seed)
        made = dict(planted.weights())
        for name, tensor in made.items():
            scale = 0.0 if name.endswith("bias") else 1.0 / math.sqrt(tensor.shape[-1])
            drawn = torch.randn(tensor.shape, generator=generator)
            made[name] = 1.0 + 0.3 * drawn if ".ln" in f".{name}" else drawn * scale * 2.0
        return made

    return replace(planted, name=f"noisy-{seed}", weights=weights)


@pytest.fixture(scope="module")
def planted():
    return noisy(0)


@pytest.fixture(scope="module")
def backend(planted):
    return load(spec_of(planted))


def every_edge(layers=LAYERS, heads=HEADS):
    nodes = [n for y in range(layers) for n in (*(Head(y, h) for h in range(heads)), MLP(y))]
    inputs = [HeadInput(n, s) for n in nodes if isinstance(n, Head) for s in SLOTS]
    receivers = [*inputs, *(n for n in nodes if isinstance(n, MLP)), Logits()]
    senders = [Embedding(), *nodes]
    return [Edge(s, r) for s in senders for r in receivers if depth(s) < depth(r)]


def measured(backend, under=None, side="clean", prompts=PROMPTS, **settings):
    engine = Executor(backend, **settings)
    request = Request(LogitDifference(), prompts, side, under)
    engine.run([request])
    return engine.store.scores[request]


def by_hand(planted, edges):
    written = Written(planted)
    tokenized = PROMPTS.tokenize(planted.tokenizer)
    found = []
    for clean, corrupt in zip(tokenized.tokens["clean"], tokenized.tokens["corrupt"], strict=True):
        other = written.outputs(torch.from_numpy(corrupt))
        made = written.outputs(torch.from_numpy(clean), other, frozenset(edges))
        found.append(written.difference(made, other, frozenset(edges)))
    return np.array(found)


def patch(*addresses, **settings):
    edges = frozenset(edge for address in addresses for edge in edges_of(address))
    return PathPatch(edges, LAYERS, HEADS, **settings)


def test_the_transformer_by_hand_is_the_model(backend, planted):
    np.testing.assert_allclose(measured(backend), by_hand(planted, []), rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(
    "address",
    [
        "embedding -> L0H1.q", "embedding -> L0H3.v", "embedding -> L1.mlp", "embedding -> logits",
        "L0H1 -> L1H2.q", "L0H1 -> L1H2.k", "L0H1 -> L1H3.v", "L0H1 -> L2H2", "L0H4 -> L0.mlp",
        "L0.mlp -> L1H0.k", "L1.mlp -> L2.mlp", "L1H5 -> logits", "L2.mlp -> logits",
    ],
)  # fmt: skip
def test_one_edge_is_what_it_is_by_hand(backend, planted, address):
    found = measured(backend, patch(address))
    np.testing.assert_allclose(found, by_hand(planted, edges_of(address)), rtol=2e-4, atol=2e-4)
    assert np.abs(found - measured(backend)).max() > 1e-3


def test_a_layer_that_only_sends_is_left_as_it_is(backend, planted):
    under = patch("embedding -> L0H1.v", "L1H1 -> logits", "L2.mlp -> logits")
    np.testing.assert_allclose(
        measured(backend, under), by_hand(planted, under.edges), rtol=2e-4, atol=2e-4
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("all_but", [False, True])
def test_many_edges_at_once_are_what_they_are_by_hand(backend, planted, seed, all_but):
    edges = every_edge()
    chosen = np.random.default_rng(seed).permutation(len(edges))[: 30 if seed % 2 else 200]
    some = frozenset(edges[n] for n in chosen)
    found = measured(backend, PathPatch(some, LAYERS, HEADS, all_but=all_but))
    patched = set(edges) - some if all_but else some
    np.testing.assert_allclose(found, by_hand(planted, patched), rtol=5e-4, atol=5e-4)


def test_all_edges_of_a_node_are_the_node(backend):
    for node in (Head(0, 2), Head(1, 4), MLP(1)):
        edges = frozenset(edge for edge in every_edge() if edge.sender == node)
        found = measured(backend, PathPatch(edges, LAYERS, HEADS))
        whole = measured(backend, Patch((node,), "corrupt"))
        np.testing.assert_allclose(found, whole, rtol=2e-4, atol=2e-4)


def test_no_edge_kept_is_the_corrupt_run_and_all_kept_the_clean_one(backend):
    nothing = PathPatch(frozenset(), LAYERS, HEADS, all_but=True)
    np.testing.assert_allclose(
        measured(backend, nothing), measured(backend, side="corrupt"), rtol=2e-4, atol=2e-4
    )
    everything = PathPatch(frozenset(every_edge()), LAYERS, HEADS, all_but=True)
    np.testing.assert_allclose(
        measured(backend, everything), measured(backend), rtol=2e-3, atol=2e-3
    )


def test_batches_and_resuming_change_nothing(backend):
    under = patch("L1H2 -> L2H3.k", "L1.mlp -> logits")
    engine = Executor(backend)
    request = Request(LogitDifference(), PROMPTS, "clean", under)
    engine.run([Request(LogitDifference(), PROMPTS)])
    before = backend.blocks_run
    engine.run([request])
    corrupt, from_the_senders_on = 2 * 2, 2 * 2  # two lengths; blocks 0 and 1, then 1 and 2
    assert backend.blocks_run - before == corrupt + from_the_senders_on
    assert engine.store.scores[request] == pytest.approx(
        measured(backend, under, memory=1 << 12), abs=1e-4
    )
    assert engine.noise_floor(request) < 1e-3


def test_paths_are_patched_beside_other_interventions(backend):
    """Rows of several items share a run: each is what it is alone."""
    under = [patch("L0H1 -> L1H2.q"), Patch((Head(0, 1),), "corrupt"), patch("L0H1 -> logits")]
    engine = Executor(backend)
    requests = [Request(LogitDifference(), PROMPTS, "clean", each) for each in under]
    engine.run(requests)
    for request, each in zip(requests, under, strict=True):
        assert engine.store.scores[request] == pytest.approx(measured(backend, each), abs=1e-4)


def test_a_patch_that_moves_nothing_is_no_score(backend):
    from dataclasses import replace

    same = replace(PROMPTS, prompts=tuple(replace(p, corrupt=p.text) for p in PROMPTS.prompts))
    engine = Executor(backend)
    request = Request(LogitDifference(), same, "clean", patch("L0H1 -> L1H2.q"))
    engine.run([request])
    assert "changed no activation" in engine.store.failures[request]


def test_no_edges_are_refused():
    with pytest.raises(ClaimError, match="at least one edge"):
        PathPatch(frozenset(), LAYERS, HEADS)


def test_a_path_within_a_parallel_block_is_refused(backend, monkeypatch):
    monkeypatch.setattr(backend, "has_parallel_blocks", True)
    with pytest.raises(ModelError, match=r"L0H1→L0\.mlp is no path"):
        measured(backend, patch("L0H1 -> L0.mlp"))
