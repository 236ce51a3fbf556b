"""Measurements of features against plain torch, from the residual stream as it is kept."""

import numpy as np
import pytest
import torch

from circuit_assert import Session
from circuit_assert.components import Neuron, Site, Vector
from circuit_assert.interventions import AddAtPositions
from circuit_assert.measurements import NeuronActivations, Request, Residual
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.features import (
    FeatureActivations,
    LatentMoments,
    LogitWeights,
    NeuronsBeside,
    TokensLogit,
)
from circuit_assert.models.planted_models import (
    feature_dictionary,
    feature_documents,
    feature_model,
)

PLANTED, DICTIONARY = feature_model(), feature_dictionary()
ON = feature_documents(documents=6, length=9)


@pytest.fixture(scope="module")
def latents():
    return Session().model(PLANTED).with_dictionary(DICTIONARY)


@pytest.fixture(scope="module")
def by_hand():
    """What leaves the first block: `[unit, pos, d_model]`, and its neurons `[unit, pos, d_mlp]`."""
    w = PLANTED.state_dict()
    rows = torch.from_numpy(np.stack(ON.tokenize(PLANTED.tokenizer).tokens["clean"]))
    x = w["tok_embed.weight"][rows] + w["pos.weight"][: rows.shape[1]]
    mlp = "layers.0.mlp"
    a = torch.relu(x @ w[f"{mlp}.fc_in.weight"].T + w[f"{mlp}.fc_in.bias"])
    return x + a @ w[f"{mlp}.fc_out.weight"].T, a  # its heads write nothing


def codes(stream):
    pre = stream @ torch.from_numpy(DICTIONARY.encoder.W_enc)
    return torch.where(pre > 0.8, pre, torch.zeros_like(pre))


def test_activations_of_every_origin(latents, by_hand):
    stream, neurons = by_hand
    numbers = tuple(np.linspace(-1, 1, stream.shape[-1]).tolist())
    vector = Vector(Site(0, "resid_post"), "ramp", numbers)
    features = [latents["L0F2"].components[0], Neuron(0, 0), vector]
    found = latents.measure([Request(FeatureActivations(f), ON) for f in features])
    along = torch.tensor(numbers) / torch.tensor(numbers).norm()
    for got, wanted in zip(
        found, (codes(stream)[..., 2], neurons[..., 0], stream @ along), strict=True
    ):
        np.testing.assert_allclose(got, wanted.numpy(), atol=1e-4)
        assert np.abs(got).max() > 0.5


def test_moments_of_latents(latents, by_hand):
    (found,) = latents.measure([Request(LatentMoments(DICTIONARY), ON)])
    active = codes(by_hand[0])[:, 1:]
    np.testing.assert_allclose(found[..., 0], (active > 0).sum(1).numpy())
    np.testing.assert_allclose(found[..., 1], active.sum(1).numpy(), atol=1e-3)


def test_sums_for_correlations(latents, by_hand):
    stream, neurons = by_hand
    feature = latents["L0F4"].components[0]
    found, plain = latents.measure(
        [Request(NeuronsBeside(feature), ON), Request(NeuronActivations(0, (0,)), ON)]
    )
    np.testing.assert_allclose(plain[..., 0], neurons[..., 0].numpy(), atol=1e-5)
    f, a = codes(stream)[:, 1:, 4], neurons[:, 1:]
    wanted = torch.stack([a.sum(1), a.square().sum(1), (f[..., None] * a).sum(1)], dim=-1)
    np.testing.assert_allclose(found[:, 0], wanted.numpy(), atol=1e-3)


def test_logit_weights(latents):
    (found,) = latents.measure([WeightRequest(LogitWeights(latents["L0F0"].components[0]))])
    rows = PLANTED.state_dict()["head.weight"]
    wanted = ((rows - rows.mean(0)) @ DICTIONARY.direction(0))[1:]
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)


def test_adding_moves_the_logits_by_as_much_as_the_weights_say(latents):
    tokens, site = (1, 2), Site(0, "resid_post")
    ends = ON.tokenize(PLANTED.tokenizer).positions["end"]
    where = np.stack([np.arange(len(ends)), ends], axis=1)[::2]
    vector = DICTIONARY.direction(0).numpy()
    add = AddAtPositions(site, vector, where, np.full(len(where), 1.5), "half of them")
    clean, added, before, after = latents.measure(
        [
            Request(TokensLogit(tokens), ON),
            Request(TokensLogit(tokens), ON, "clean", add),
            Request(Residual(Site(1, "resid_pre")), ON),
            Request(Residual(Site(1, "resid_pre")), ON, "clean", add),
        ]
    )
    rows = PLANTED.state_dict()["head.weight"]
    rise = 1.5 * float(((rows - rows.mean(0))[list(tokens)] @ DICTIONARY.direction(0)).mean())
    np.testing.assert_allclose((added - clean)[::2], rise, atol=1e-4)
    np.testing.assert_allclose((added - clean)[1::2], 0.0, atol=1e-6)
    np.testing.assert_allclose((after - before)[0], 1.5 * vector, atol=1e-5)
    assert rise > 1.0
