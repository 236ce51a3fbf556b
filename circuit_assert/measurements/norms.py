"""Norms that weights alone tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from circuit_assert.measurements.base import Array, Weights


@dataclass(frozen=True)
class NeuronOutputNorms:
    """‖w_out‖ of every neuron of a layer, the post-MLP norm's gain folded in: `[d_mlp]`."""

    layer: int
    quantity: ClassVar[str] = "norm"

    def compute(self, weights: Weights) -> Array:
        """The norms."""
        rows = weights.neuron_output_weights(self.layer)
        return rows.norm(dim=-1).double().cpu().numpy()
