"""From the activations of a run to one score per unit."""

from circuit_assert.measurements.activations import NeuronActivations, Residual
from circuit_assert.measurements.attention import AttentionOverPairs
from circuit_assert.measurements.base import Batch, Measurement, Reader, Request
from circuit_assert.measurements.heads import DirectContribution, HeadOutputMoments
from circuit_assert.measurements.outputs import CentredLogit, LogitDifference, Loss, Says, TopTokens

__all__ = [
    "AttentionOverPairs",
    "Batch",
    "CentredLogit",
    "DirectContribution",
    "HeadOutputMoments",
    "LogitDifference",
    "Loss",
    "Measurement",
    "NeuronActivations",
    "Reader",
    "Request",
    "Residual",
    "Says",
    "TopTokens",
]
