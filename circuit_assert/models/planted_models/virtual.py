"""Neurons that read what others write, among many that do so by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

_VOCABULARY, _WIDTH, _NEURONS = 60, 64, 300
_CROWD = 60  # neurons of a layer that share a direction
_TRUE = {
    "L0N0+L1N0": "L1N0 reads what L0N0 writes",
    "L0N1+L1N1": "L1N1 reads against what L0N1 writes; if gated, through its gate",
}
_FALSE = {
    "L0N2+L1N2": "L1N2 reads what L0N2 writes, more than others do: many read it",
    "L0N3+L1N3": "L1N3 reads what L0N3 writes, more than others write it: many do",
    "L0N4+L1N4": "L1N4 reads what L0N4 writes: both are loud, and write and read beside each other",
    "L0N5+L1N5": "L1N5 reads what L0N5 writes: it would, were it not for the norm's gain",
    "L0N6+L1N6": "L1N6 reads what L0N6 writes: their weights are random",
}


def virtual_weights_model(
    *, gated: bool = False, norm: bool = False, seed: int = 0
) -> PlantedModel:
    """Two layers of neurons with random weights, of which some meet in the residual stream.

    Args:
        gated: Whether MLPs are gated; up-rows are planted, and of L1N1 the gate.
        norm: Whether RMS norms with uneven gains stand before every block. Without, L0N5 is
            read like L0N0.
        seed: Draws the weights.
    """
    shape = Shape(
        parts={"all": _WIDTH},
        vocabulary=_VOCABULARY,
        layers=2,
        heads=2,
        d_head=4,
        d_mlp=_NEURONS,
        context=16,
        norm="RMS" if norm else None,
        gated=gated,
    )
    kind = f"{'-gated' * gated}{'-normed' * norm}"
    return PlantedModel(
        name=f"planted-virtual{kind}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, seed),
        vocabulary=words(_VOCABULARY),
        true=_TRUE,
        false=_FALSE,
    )


def _weights(shape: Shape, seed: int) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(seed)
    gains = rng.lognormal(0.0, 1.5, _WIDTH)
    made = Blueprint(shape, gains=gains, lengths=(1.0, 1.0, 1.0))
    made.embed("all", rng.standard_normal((_VOCABULARY, _WIDTH)))
    made.unembed("all", rng.standard_normal((_VOCABULARY, _WIDTH)))
    reads, gates, writes = (rng.standard_normal((2, _NEURONS, _WIDTH)) / 8 for _ in range(3))
    reads[1, 0] = _like(writes[0, 0], reads[1, 0])
    reader = gates if shape.gated else reads
    reader[1, 1] = _like(-writes[0, 1], reader[1, 1])
    for first, (one, crowd) in ((2, (writes[0], reads[1])), (3, (reads[1], writes[0]))):
        for neuron in (first, *range(100, 100 + _CROWD)):
            crowd[neuron] = _like(one[first], crowd[neuron])
    written = writes[0, 4] / np.linalg.norm(writes[0, 4])
    writes[0, 4] *= 10.0
    reads[1, 4] = 10.0 * (reads[1, 4] - (reads[1, 4] @ written) * written)
    # a blueprint reads over the gains, so that they change nothing: here they do
    reads[1, 5] = _like(writes[0, 5] * (gains if shape.norm else 1.0), reads[1, 5])
    for layer in range(2):
        for neuron in range(_NEURONS):
            read, gate = {"all": reads[layer, neuron]}, {"all": gates[layer, neuron]}
            first, up = (gate, read) if shape.gated else (read, None)
            made.neuron(layer, neuron, first, {"all": writes[layer, neuron]}, up=up)
    return made.state_dict()


def _like(direction: Matrix, drawn: Matrix) -> Matrix:
    """A vector about as long as the drawn one, with a cosine of about 0.9 with the direction."""
    size = np.linalg.norm(drawn) / np.linalg.norm(direction)
    return 0.9 * size * direction + 0.44 * drawn
