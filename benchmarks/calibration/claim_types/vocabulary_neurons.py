"""Prediction and suppression neurons: as active either way, which is the bound of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    Session,
    neuron_is_prediction_neuron,
    neuron_is_suppression_neuron,
)
from circuit_assert.components import Subject
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import neuron_documents, neuron_model

if TYPE_CHECKING:
    import torch

_PREDICTION, _SUPPRESSION = "neuron_is_prediction_neuron", "neuron_is_suppression_neuron"
_CUES = range(18, 26)  # the words of the planted neuron: equally frequent


def two_sided(seed: int) -> PlantedModel:
    """L2N0 is as active, and as often, below zero as above: its cues come in pairs of both."""
    planted = neuron_model(gated=True, seed=seed)

    def weights() -> dict[str, torch.Tensor]:
        import torch

        tensors = {name: tensor.clone() for name, tensor in planted.weights().items()}
        strengths = np.random.default_rng(seed).uniform(0.5, 1.5, len(_CUES) // 2)
        gate, up = (tensors[f"layers.2.mlp.{name}.weight"] for name in ("gate", "in"))
        gate[0], up[0] = 0.0, 0.0
        for words, sign in ((_CUES[::2], 1.0), (_CUES[1::2], -1.0)):
            gate[0, list(words)] = torch.from_numpy(strengths).to(gate)
            up[0, list(words)] = sign
        return tensors

    return replace(planted, name=f"{planted.name}-two-sided", weights=weights)


def _claims(kind: str, neuron: Subject) -> Iterator[Claim]:
    claimed = {
        _PREDICTION: neuron_is_prediction_neuron,
        _SUPPRESSION: neuron_is_suppression_neuron,
    }[kind]
    return (claimed(neuron, on=neuron_documents(seed=seed), by=10.0) for seed in count(1))


def _predicts_at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_PREDICTION, Session().model(two_sided(seed))["L2N0"])


def _suppresses_at_its_bound(seed: int) -> Iterator[Claim]:
    return _claims(_SUPPRESSION, Session().model(two_sided(seed))["L2N0"])


def _predicts(seed: int) -> Iterator[Claim]:
    return _claims(_PREDICTION, Session().model(neuron_model(gated=True, seed=seed))["L2N0"])


def _suppresses(seed: int) -> Iterator[Claim]:
    return _claims(_SUPPRESSION, Session().model(neuron_model(gated=True, seed=seed))["L3N0"])


def _others(kind: str, seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(gated=True, seed=seed))
    return (next(_claims(kind, model.neuron(2, number))) for number in range(4, 104))


def _others_predict(seed: int) -> Iterator[Claim]:
    return _others(_PREDICTION, seed)


def _others_suppress(seed: int) -> Iterator[Claim]:
    return _others(_SUPPRESSION, seed)


CASES = (
    Case(_PREDICTION, "raises them", "at the bound", _predicts_at_its_bound, models=4),
    Case(_PREDICTION, "clearly", "true", _predicts, models=4, share=0.25),
    Case(_PREDICTION, "neurons of the layer", "easy null", _others_predict, models=4, share=0.4),
    Case(_SUPPRESSION, "lowers them", "at the bound", _suppresses_at_its_bound, models=4),
    Case(_SUPPRESSION, "clearly", "true", _suppresses, models=4, share=0.25),
    Case(_SUPPRESSION, "neurons of the layer", "easy null", _others_suppress, models=4, share=0.4),
)
