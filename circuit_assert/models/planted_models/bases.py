"""Residual streams whose coordinates mean something, and the same ones turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Shape
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

_VOCABULARY, _WIDTH = 80, 200
Kind = Literal["sparse", "turned", "massive", "first"]
_TRUE = {"sparse": "has a privileged basis: most coordinates of a token are near zero"}
_FALSE = {
    "turned": "has a privileged basis: it is a sparse one, turned",
    "massive": "has a privileged basis: one coordinate is massive, the others are Gaussian",
    "first": "has a privileged basis: only the first token is sparse",
}


def basis_model(kind: Kind = "sparse", *, strength: float = 1.0, seed: int = 0) -> PlantedModel:
    """One layer that does nothing to embeddings of a given kind.

    Args:
        kind: "sparse", the same "turned" by a random rotation, Gaussian with one "massive"
            coordinate, or Gaussian but for the "first" token.
        strength: How much of a sparse vector is sparse; the rest is Gaussian.
        seed: Draws it.
    """
    shape = Shape(
        parts={"all": _WIDTH},
        vocabulary=_VOCABULARY,
        layers=1,
        heads=2,
        d_head=4,
        d_mlp=4,
        context=64,
    )

    def weights() -> dict[str, torch.Tensor]:
        rng = np.random.default_rng(seed)
        drawn = rng.standard_normal((_VOCABULARY, _WIDTH))
        sparse = drawn * rng.exponential(1.0, drawn.shape)
        mixed = np.sqrt(1 - strength**2) * rng.standard_normal(drawn.shape) + strength * sparse
        if kind == "turned":
            mixed = mixed @ np.linalg.qr(rng.standard_normal((_WIDTH, _WIDTH)))[0]
        if kind in ("massive", "first"):
            mixed[1:] = drawn[1:]
        if kind == "massive":
            mixed[:, 7] = 100.0
        made = Blueprint(shape)
        made.embed("all", mixed)
        made.unembed("all", mixed)
        return made.state_dict()

    return PlantedModel(
        name=f"planted-basis-{kind}-{strength:g}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=weights,
        vocabulary=words(_VOCABULARY),
        true={"L0.resid_pre": _TRUE[kind]} if kind in _TRUE else {},
        false={"L0.resid_pre": _FALSE[kind]} if kind in _FALSE else {},
    )
