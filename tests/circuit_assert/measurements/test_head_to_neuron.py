"""What a neuron reads of heads, against the same worked out by hand."""

import pytest
import torch

from circuit_assert.backends.load import load
from circuit_assert.components import Head, Neuron, Site
from circuit_assert.execution.executor import Executor
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.head_to_neuron import ReadOfHeads
from circuit_assert.models.planted_models import activating_documents, activating_model
from circuit_assert.models.spec import spec_of

NEURON = Neuron(1, 0)
HEADS = tuple(Head(0, head) for head in range(8))
TEXTS = activating_documents(documents=3)
MODELS = {m.name: m for m in (activating_model(norm=True), activating_model(gated=True, norm=True))}


@pytest.fixture(scope="module", params=MODELS)
def backend(request):
    return load(spec_of(MODELS[request.param]))


def measured(backend, *measurements):
    engine = Executor(backend)
    requests = [Request(measurement, TEXTS) for measurement in measurements]
    engine.run(requests)
    return [torch.from_numpy(engine.store.scores[r]).float() for r in requests]


def streams(backend):
    """What enters and leaves the first block, and what heads write, of the first text."""
    kept = {}
    sites = [Site(0, "resid_pre"), Site(0, "z"), Site(0, "mlp_out"), Site(1, "mlp_read")]
    tokens = torch.from_numpy(TEXTS.tokenize(backend.tokenizer).tokens["clean"][0])[None]
    reads = {site: [lambda a, s=site: kept.update({s: a[0].clone()})] for site in sites}
    backend.run(tokens, reads=reads, edits={}, last_layer=1)
    return [kept[site] for site in sites]


def rows(backend):
    """W_in's row, and the gate's, the gain not folded in."""
    tensors = MODELS[backend.name].state_dict()
    names = ("in", "gate") if backend.has_gated_mlps else ("fc_in",)
    return [tensors[f"layers.1.mlp.{name}.weight"][0] for name in names]


def test_the_whole_reading_is_what_the_activation_comes_from(backend):
    read, activation = measured(
        backend, ReadOfHeads(NEURON, HEADS), NeuronActivations(1, (NEURON.neuron,))
    )
    whole = read[..., 0]
    if backend.has_gated_mlps:
        expected = whole[..., 0] * whole[..., 1].clamp(min=0)
    else:
        bias = MODELS[backend.name].state_dict()["layers.1.mlp.fc_in.bias"][NEURON.neuron]
        expected = (whole[..., 0] + bias).clamp(min=0)
    torch.testing.assert_close(activation[..., 0], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_head_s_part_is_its_output_times_the_row(backend, scaled):
    (read,) = measured(backend, ReadOfHeads(NEURON, HEADS, scaled=scaled))
    _, z, _, stream = streams(backend)
    w_o = MODELS[backend.name].state_dict()["layers.0.attn.o.weight"]
    width = z.shape[-1]
    scale = (stream.pow(2).mean(-1) + 1e-5).sqrt() if scaled else torch.ones(len(stream))
    for number, row in enumerate(rows(backend)):
        for head in (0, 3):
            written = z[:, head] @ w_o[:, head * width : (head + 1) * width].T
            expected = written @ row / scale
            torch.testing.assert_close(read[0, :, number, 1 + head], expected, atol=1e-4, rtol=1e-4)


def test_parts_of_all_there_is_add_up(backend):
    (read,) = measured(backend, ReadOfHeads(NEURON, HEADS, scaled=False))
    before, _, mlp, _ = streams(backend)
    for number, row in enumerate(rows(backend)):
        heads = read[0, :, number, 1:].sum(-1)
        whole = heads + (before + mlp) @ row
        torch.testing.assert_close(read[0, :, number, 0], whole, atol=1e-4, rtol=1e-4)
