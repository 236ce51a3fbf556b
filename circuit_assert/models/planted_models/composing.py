"""Pairs of heads that compose by their weights, among many that do so by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

_VOCABULARY, _WIDTH, _D_HEAD, _HEADS = 60, 16, 8, 12
_PARTS = ("code", "kept", "asked", "relayed", "shared", "aside")
_CLEAR, _LOUD = 9.0, 3.0  # what is true, and a decoy, against the noise around it
_CROWD = (6, 7, 8, 9)  # heads of the first layer that all write what L1H5 reads


def composing_model(*, norm: bool = False, seed: int = 0) -> PlantedModel:
    """Two layers of twelve heads with random weights, some of which meet in the residual stream.

    Args:
        norm: Whether RMS norms with uneven gains stand before every block.
        seed: Draws the weights.
    """
    shape = Shape(
        parts=dict.fromkeys(_PARTS, _WIDTH),
        vocabulary=_VOCABULARY,
        layers=2,
        heads=_HEADS,
        d_head=_D_HEAD,
        d_mlp=4,
        context=16,
        norm="RMS" if norm else None,
    )
    return PlantedModel(
        name=f"planted-composing{'-normed' if norm else ''}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, seed),
        vocabulary=words(_VOCABULARY),
        true={
            "L0H0+L1H0": "compose through the keys of L1H0",
            "L0H1+L1H1": "compose through the queries of L1H1",
            "L0H2+L1H2": "compose through the values of L1H2",
        },
        false={
            "L0H3+L1H0": "compose through the keys: one writes beside what the other reads",
            "L0H4+L1H4": "compose: L0H4 writes what all heads of the second layer read",
            "L0H6+L1H5": "compose: L1H5 reads what four heads of the first layer write",
            "L0H10+L1H10": "compose: their weights are random",
        },
    )


def _weights(shape: Shape, seed: int) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(seed)
    gains = rng.uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=(1.0, 1.0, 1.0))
    made.embed("code", random_codes(_VOCABULARY, _WIDTH, seed))
    made.unembed("aside", random_codes(_VOCABULARY, _WIDTH, seed + 1))
    for layer in range(2):
        for head in range(_HEADS):
            _at_random(made, layer, head, rng)
    low, high = np.eye(_WIDTH, _D_HEAD), np.eye(_WIDTH, _D_HEAD, -_D_HEAD)
    for head, part in enumerate(("kept", "asked", "relayed")):
        made.output(0, head, part, _CLEAR * low.T)
    made.output(0, 3, "kept", _CLEAR * high.T)
    for head, part in ((4, "shared"), *((head, "aside") for head in _CROWD)):
        made.output(0, head, part, _LOUD * low.T)
    made.key(1, 0, "kept", _CLEAR * low)
    made.query(1, 1, "asked", _CLEAR * low)
    made.value(1, 2, "relayed", _CLEAR * low)
    made.key(1, 5, "aside", _LOUD * low)
    for head in range(_HEADS):
        made.key(1, head, "shared", _LOUD * low)
    return made.state_dict()


def _at_random(made: Blueprint, layer: int, head: int, rng: np.random.Generator) -> None:
    for part in _PARTS:
        made.query(layer, head, part, _drawn(rng, _WIDTH, _D_HEAD))
        made.key(layer, head, part, _drawn(rng, _WIDTH, _D_HEAD))
        made.value(layer, head, part, _drawn(rng, _WIDTH, _D_HEAD))
        made.output(layer, head, part, _drawn(rng, _D_HEAD, _WIDTH))


def _drawn(rng: np.random.Generator, rows: int, columns: int) -> Matrix:
    return rng.standard_normal((rows, columns)) / np.sqrt(_WIDTH)
