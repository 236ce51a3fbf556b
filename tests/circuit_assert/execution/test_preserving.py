"""Copy-suppression-preserving ablation, against mean ablation and against plain torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from circuit_assert import Session
from circuit_assert.components import Head, Site
from circuit_assert.execution.executor import Executor
from circuit_assert.interventions import Ablation, PreservingAblation
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.distributions import DivergenceFrom, FinalResidual
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model
from tests.circuit_assert.by_hand import attention
from tests.circuit_assert.execution.deep_models import DEEP, LAYERS, loaded, random_twins

PLAIN, GROUPED = suppressing_model(), suppressing_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
SIZE, WIDTH = PLAIN.card.vocabulary, PLAIN.card.d_head
TEXT = suppressing_documents(documents=6, length=24)
HEAD = Head(1, 0)
RESIDUAL = FinalResidual(50)


def residuals(planted, *under):
    requests = [Request(RESIDUAL, TEXT, under=how) for how in under]
    return Session().model(planted).measure(requests)


@BOTH
def test_with_nothing_kept_it_is_the_mean_ablation(planted):
    how = Ablation((HEAD,)), PreservingAblation(HEAD, keeping=None)
    mean, nothing = residuals(planted, *how)
    np.testing.assert_allclose(nothing, mean, atol=2e-5)


@pytest.mark.parametrize("kind", DEEP)
def test_norms_on_the_way_divide_as_in_the_clean_run(kind, tmp_path):
    backend, head = loaded(kind, tmp_path), Head(LAYERS - 2, 3)
    plain = Ablation((head,), frozen_scale=backend.has_post_norms)
    on = random_twins((12,), count=6)
    engine = Executor(backend)
    requests = [
        Request(RESIDUAL, on, under=how) for how in (plain, PreservingAblation(head, keeping=None))
    ]
    engine.run(requests)
    mean, nothing = (engine.store.scores[request] for request in requests)
    np.testing.assert_allclose(nothing, mean, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("keeping", ["both", "ov", "qk"])
def test_what_is_written_instead_is_as_by_hand(keeping):
    how = PreservingAblation(HEAD, keeping, sources=0.1)
    clean, edited = residuals(PLAIN, None, how)
    rows = TEXT.tokenize(Session().model(PLAIN).tokenizer).tokens["clean"]
    heads = [_head(row) for row in rows]
    for unit, (row, head) in enumerate(zip(rows, heads, strict=True)):
        _, pattern, values = head
        others = [p @ v for n, (_, p, v) in enumerate(heads) if n != unit]
        expected = _by_hand(keeping, row, head, np.mean(others, axis=0)) - pattern @ values
        there = np.isfinite(clean[unit, :, 0])
        change = (edited - clean)[unit, there]  # the head is of the last layer, and no MLP follows
        np.testing.assert_allclose(change, expected[1 : 1 + len(change)], atol=2e-4)


def _by_hand(keeping, row, head, mean):
    """What the head writes at each position, with a tenth of the tokens kept."""
    w, (stream, pattern, values) = _weights(), head
    rows = w["head.weight"] - w["head.weight"].mean(0)
    made = mean.copy()
    for d in range(len(row)):
        logits = stream[d] @ w["head.weight"].T
        seen = logits[sorted(set(row[1 : d + 1]))]
        kept = [token for token in row if (seen >= logits[token] - 1e-4).sum() <= np.ceil(0.1 * d)]
        for s in range(d + 1):
            if keeping != "ov" and (s == 0 or row[s] not in kept):
                continue
            beyond = values[s] - mean[d]
            if keeping != "qk":
                unit = rows[row[s]] / np.linalg.norm(rows[row[s]])
                beyond = min(beyond @ unit, 0.0) * unit
            made[d] += pattern[d, s] * beyond
    return made


def _weights():
    return {name: tensor.double().numpy() for name, tensor in PLAIN.state_dict().items()}


def _head(row):
    """The stream before the second layer, L1H0's pattern, and what it writes for each token."""
    w = _weights()
    stream = w["tok_embed.weight"][row] + w["pos.weight"][: len(row)]

    written = sum(p @ v for p, v in (attention(w, stream, 0, head, WIDTH) for head in range(6)))
    middle = stream + written + w["layers.0.attn.o.bias"]
    inside = np.maximum(middle @ w["layers.0.mlp.fc_in.weight"].T + w["layers.0.mlp.fc_in.bias"], 0)
    stream = middle + inside @ w["layers.0.mlp.fc_out.weight"].T + w["layers.0.mlp.fc_out.bias"]
    return stream, *attention(w, stream, 1, 0, WIDTH)


@pytest.mark.parametrize("kind", DEEP)
def test_behind_the_last_block_it_is_the_direct_effect(kind, tmp_path):
    """What the head writes less, joined to the clean run's last stream."""
    backend, head, on = loaded(kind, tmp_path), Head(LAYERS - 2, 3), random_twins((12,), count=6)
    at_once = PreservingAblation(head, keeping=None)
    written, last = Residual(Site(head.layer, "attn_out")), Residual(Site(LAYERS - 1, "resid_post"))
    requests = [
        Request(written, on),
        Request(written, on, under=at_once),
        Request(last, on),
        Request(last, on, under=replace(at_once, into=LAYERS - 1)),
    ]
    engine = Executor(backend)
    engine.run(requests)
    before, after, clean, edited = (engine.store.scores[request] for request in requests)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(edited - clean, after - before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("instead", ["tokens", "predictions"])
def test_controls_keep_something_else(instead):
    clean, kept, other = residuals(
        PLAIN, None, PreservingAblation(HEAD), PreservingAblation(HEAD, instead=instead)
    )
    assert np.nanmax(np.abs(other - kept)) > 0.1
    assert np.nanmean(np.abs(other - clean)) > np.nanmean(np.abs(kept - clean))


def test_the_divergence_is_that_of_the_two_distributions():
    under = PreservingAblation(HEAD, keeping=None)
    model = Session().model(PLAIN)
    clean, edited = model.measure([Request(RESIDUAL, TEXT), Request(RESIDUAL, TEXT, under=under)])
    request = Request(DivergenceFrom(50, clean, "clean"), TEXT, under=under)
    unedited = Request(DivergenceFrom(50, clean, "clean"), TEXT)
    found, none = model.measure([request, unedited])
    unembedding = PLAIN.state_dict()["head.weight"].double()
    p, q = (
        torch.log_softmax(torch.from_numpy(each).double() @ unembedding.T, -1)
        for each in (clean, edited)
    )
    np.testing.assert_allclose(found, (p.exp() * (p - q)).sum(-1), rtol=1e-4, atol=1e-7)
    assert np.nanmax(np.abs(none)) == 0.0
