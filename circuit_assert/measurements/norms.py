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


@dataclass(frozen=True)
class NeuronSizes:
    """The product of the norms of all rows of each neuron of a layer: `[d_mlp]`.

    ‖w_in‖·‖w_out‖, and of gated neurons ‖w_gate‖ too, norms' gains folded in. Unlike
    ‖w_in‖² + ‖w_out‖² it stays when what one row is multiplied by is taken out of another.
    """

    layer: int
    quantity: ClassVar[str] = "norm"

    def __str__(self) -> str:
        return f"sizes of neurons of layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """The products."""
        product = weights.neuron_output_weights(self.layer).norm(dim=-1).double()
        product = product * weights.neuron_input_weights(self.layer, "in").norm(dim=-1)
        if weights.has_gated_mlps:
            product = product * weights.neuron_input_weights(self.layer, "gate").norm(dim=-1)
        return product.cpu().numpy()
