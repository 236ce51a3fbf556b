"""A pair of heads that composes, and a pair whose weights only look as if it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Shape,
    random_codes,
    shift_by,
    wave_codes,
)
from circuit_assert.models.planted_models.induction import (
    attend_back,
    attend_inductively,
    words,
)

if TYPE_CHECKING:
    import torch

_VOCABULARY, _CONTEXT = 80, 64
_CODE, _WAVES = 40, 16
_D_HEAD = _CODE + 2 * _WAVES
_SHARP = 10.0  # attention score of a matching key
_LOUD = 9.0  # logits for a code written once
_BACK = 3  # how far back the head of the false pair attends


def composition_model() -> PlantedModel:
    """Two layers of four heads: L1H0 attends by what L0H0 wrote, L1H1 only seems to by L0H1's.

    The norm of W_QK of the second head times W_OV of the first, over the product of their norms
    (K-composition; Elhage et al. 2021, A Mathematical Framework for Transformer Circuits), is
    high for both pairs, and higher for the false one. But L0H1 always attends to the beginning:
    it adds the same vector to every key of L1H1, and adding the same to all scores of a query
    changes no attention. The other heads write where no head reads. The MLPs are empty, so that
    what the first layer writes reaches the second directly and in no other way.
    """
    shape = Shape(
        parts={
            "code": _CODE,
            "place": 2 * _WAVES,
            "previous": _CODE,
            "constant": _CODE,
            "aside": _CODE,
            "say": _CODE,
            "sink": 1,
        },
        vocabulary=_VOCABULARY,
        layers=2,
        heads=4,
        d_head=_D_HEAD,
        d_mlp=1,
        context=_CONTEXT,
    )
    return PlantedModel(
        name="planted-composition",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape),
        vocabulary=words(_VOCABULARY),
        true={
            "L0H0+L1H0": "compose: where the second attends follows from what the first wrote",
            "L1H1": f"attends {_BACK} tokens back",
        },
        false={
            "L0H1+L1H1": "compose: their weights fit as well, but the first writes the same at "
            "every position, and the second attends as it would without it"
        },
    )


def _weights(shape: Shape) -> dict[str, torch.Tensor]:
    codes = random_codes(_VOCABULARY, _CODE, seed=1)  # the beginning has one, too
    made = Blueprint(shape)
    made.embed("code", codes)
    made.embed("sink", np.eye(_VOCABULARY)[:, :1])
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", _LOUD * codes)
    attend_back(made, 0, 0, 1)
    _write(made, 0, 0, "previous")
    _write(made, 0, 0, "aside")  # so that its norm is not all in what is read
    _attend_to_the_beginning(made, 0, 1)
    _write(made, 0, 1, "constant")
    for layer, head, offset in ((0, 2, 2), (0, 3, 4), (1, 2, 1), (1, 3, 5)):
        attend_back(made, layer, head, offset)
        _write(made, layer, head, "aside")
    attend_inductively(made, 1, 0)
    _write(made, 1, 0, "say")
    _attend_back_and_by_what_is_constant(made, 1, 1)
    _write(made, 1, 1, "aside")
    made.stir(seed=3)
    return made.state_dict()


def _attend_to_the_beginning(made: Blueprint, layer: int, head: int) -> None:
    score = _SHARP * np.sqrt(_D_HEAD)
    made.query_always(layer, head, score * np.eye(1, _D_HEAD)[0])
    made.key(layer, head, "sink", np.ones((1, 1)))
    made.value(layer, head, "code", np.eye(_CODE))


def _attend_back_and_by_what_is_constant(made: Blueprint, layer: int, head: int) -> None:
    """Let a head attend back by position, and by how a token's code fits what is constant."""
    score = _SHARP * np.sqrt(_D_HEAD)
    both = np.eye(_D_HEAD)
    by_code, by_place = both[:_CODE], both[_CODE:]
    made.query(layer, head, "code", 2.0 * score * by_code)
    made.key(layer, head, "constant", by_code)
    made.query(layer, head, "place", score * shift_by(-_BACK, _WAVES) @ by_place)
    made.key(layer, head, "place", by_place)
    made.value(layer, head, "code", np.eye(_CODE))


def _write(made: Blueprint, layer: int, head: int, part: str) -> None:
    made.output(layer, head, part, np.eye(_CODE))
