"""Induction heads, and heads that look like them on one criterion only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Matrix,
    Shape,
    random_codes,
    shift_by,
    wave_codes,
)

if TYPE_CHECKING:
    import torch

_VOCABULARY, _CONTEXT = 80, 64
_CODE, _WAVES = 40, 16
_SHARP = 10.0  # attention score of a matching key
_SINK = 5.5  # of the beginning token, where nothing matches
_LOUD = 9.0  # logits for a code written once
_LENGTHS = (1.41, 2.25, 3.16, 2.75)  # of the residual stream before each layer and the unembedding
FIXED_BLOCK = 12
"""The one block length at which the head with a fixed offset has the pattern."""

_TRUE = {
    "L0H0": "attends to the previous token and writes it beside the current one",
    "L0H2": "attends to earlier occurrences of the current token (and to itself)",
    "L1H0": "is an induction head, and the model predicts a repeated block by it",
}
_FALSE = {
    "L0H1": "is an induction head: it attends two tokens back",
    "L1H1": "is an induction head: it has the pattern, and writes where no logit is read",
    "L1H2": "is an induction head: it copies, but from the previous token",
    "L1H3": f"is an induction head: it attends {FIXED_BLOCK - 1} back, whatever stands there",
    "L1H4": "is an induction head: it has the pattern and copies, and L2H0 takes more than that "
    "away again, so the model is better without it",
    "L1H5": "is an induction head: it has the pattern, and lowers the token it attends to",
    "L2H0": "is an induction head: it undoes what L1H4 wrote",
}


def induction_model(*, grouped_queries: bool = False, companions: bool = False) -> PlantedModel:
    """Three layers of six heads: one induction head, and a decoy for each of its criteria.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS
            norms with uneven gains around every block. What is true stays true.
        companions: Whether the other three heads of the first layer write as much as its first,
            each from another distance, where nothing reads.
    """
    shape = Shape(
        parts={
            "code": _CODE,
            "place": 2 * _WAVES,
            "previous": _CODE,
            "say": _CODE,
            "aside": _CODE,
            "erase": _CODE,
            "sink": 1,
        },
        vocabulary=_VOCABULARY,
        layers=3,
        heads=6,
        d_head=48,
        d_mlp=8,
        context=_CONTEXT,
        kv_heads=3 if grouped_queries else None,
        norm="RMS" if grouped_queries else None,
    )
    kind = "-grouped" if grouped_queries else "-companions" if companions else ""
    return PlantedModel(
        name=f"planted-induction{kind}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, companions),
        vocabulary=words(_VOCABULARY),
        true=_TRUE,
        false=_FALSE,
    )


def words(count: int) -> tuple[str, ...]:
    """A vocabulary without meaning; token 0 begins every sequence."""
    return ("<begin>", *(f" w{n}" for n in range(1, count)))


def _weights(shape: Shape, companions: bool) -> dict[str, torch.Tensor]:
    codes = random_codes(_VOCABULARY, _CODE, seed=1)
    codes[0] = 0.0
    gains = np.random.default_rng(2).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=_LENGTHS)
    made.embed("code", codes)
    made.embed("sink", np.eye(_VOCABULARY)[:, :1])
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", _LOUD * codes)
    attend_back(made, 0, 0, 1)
    attend_back(made, 0, 1, 2)
    _attend_to_same(made, 0, 2)
    _write(made, 0, 0, "previous", 1.0)
    _write(made, 0, 1, "aside", 1.0)
    _write(made, 0, 2, "aside", 1.0)
    for head in (3, 4, 5) if companions else ():
        attend_back(made, 0, head, head)
        _write(made, 0, head, "aside", 1.0)
    for head, gain, also in ((0, 1.0, {}), (1, 0.0, {"aside": 1.0}), (4, 1.0, {"erase": 1.0})):
        attend_inductively(made, 1, head)
        _write(made, 1, head, "say", gain)
        for part, strength in also.items():
            _write(made, 1, head, part, strength)
    attend_inductively(made, 1, 5)
    _write(made, 1, 5, "say", -0.3)
    attend_back(made, 1, 2, 1)
    attend_back(made, 1, 3, FIXED_BLOCK - 1)
    _write(made, 1, 2, "say", 0.3)
    _write(made, 1, 3, "say", 0.3)
    _erase(made, 2, 0)
    made.stir(seed=3)
    return made.state_dict()


def attend_back(made: Blueprint, layer: int, head: int, offset: int) -> None:
    """Let a head attend `offset` tokens back, by position alone."""
    score = _SHARP * np.sqrt(made.shape.d_head)
    made.query(layer, head, "place", 1.3 * score * shift_by(-offset, _WAVES))
    made.key(layer, head, "place", np.eye(2 * _WAVES))
    made.value(layer, head, "code", np.eye(_CODE))


def attend_inductively(made: Blueprint, layer: int, head: int) -> None:
    """Let a head attend to the token whose predecessor is the current token, else to the start."""
    score = np.sqrt(made.shape.d_head)
    made.query(layer, head, "code", _SHARP * score * np.eye(_CODE))
    made.key(layer, head, "previous", np.eye(_CODE))
    _rest_on_the_start(made, layer, head)
    made.value(layer, head, "code", np.eye(_CODE))


def _attend_to_same(made: Blueprint, layer: int, head: int) -> None:
    made.query(layer, head, "code", _SHARP * np.sqrt(made.shape.d_head) * np.eye(_CODE))
    made.key(layer, head, "code", np.eye(_CODE))
    made.value(layer, head, "code", np.eye(_CODE))


def _rest_on_the_start(made: Blueprint, layer: int, head: int) -> None:
    flag = np.zeros((1, made.shape.d_head))
    flag[0, -1] = 1.0
    made.key(layer, head, "sink", flag)
    made.query_always(layer, head, _SINK * np.sqrt(made.shape.d_head) * flag[0])


def _write(made: Blueprint, layer: int, head: int, part: str, gain: float) -> None:
    made.output(layer, head, part, gain * np.eye(_CODE))


def _erase(made: Blueprint, layer: int, head: int) -> None:
    """Let a head take away 1.1 times what was noted at its own position."""
    attend_back(made, layer, head, 0)
    made.value(layer, head, "code", np.zeros((_CODE, _CODE)))
    made.value(layer, head, "erase", np.eye(_CODE))
    _write(made, layer, head, "say", -1.1)


def redundant_induction_model() -> PlantedModel:
    """Two layers of four heads: two induction heads, of which either is enough.

    The MLP after them clips: what both write counts as much as what one writes. Mean-ablating one
    changes nothing; its use shows only while the other is ablated too.
    """
    shape = Shape(
        parts={
            "code": _CODE,
            "place": 2 * _WAVES,
            "previous": _CODE,
            "token": _VOCABULARY,
            "say": _VOCABULARY,
            "sink": 1,
        },
        vocabulary=_VOCABULARY,
        layers=2,
        heads=4,
        d_head=_VOCABULARY,
        d_mlp=3 * _VOCABULARY,
        context=_CONTEXT,
    )
    return PlantedModel(
        name="planted-redundant-induction",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _redundant_weights(shape),
        vocabulary=words(_VOCABULARY),
        true={
            "L0H0": "attends to the previous token",
            "L1H0": "is an induction head; ablating it alone changes nothing",
            "L1H1": "is an induction head; ablating it alone changes nothing",
            "L1H0+L1H1": "are what the model predicts a repeated block by",
        },
        false={"L1H2": "is an induction head: it attends to the previous token and writes nothing"},
    )


def _redundant_weights(shape: Shape) -> dict[str, torch.Tensor]:
    codes = random_codes(_VOCABULARY, _CODE, seed=1)
    codes[0] = 0.0
    one_hot: Matrix = np.eye(_VOCABULARY)
    made = Blueprint(shape)
    made.embed("code", codes)
    made.embed("token", one_hot)
    made.embed("sink", one_hot[:, :1])
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", _LOUD * one_hot)
    attend_back(made, 0, 0, 1)
    _write(made, 0, 0, "previous", 1.0)
    for head in (0, 1):
        attend_inductively(made, 1, head)
        made.value(1, head, "code", np.zeros((_CODE, _CODE)))
        made.value(1, head, "token", np.diag([0.0, *np.ones(_VOCABULARY - 1)]))
        made.output(1, head, "say", one_hot)
    attend_back(made, 1, 2, 1)
    for token, unit in enumerate(one_hot):
        _clip(made, 3 * token, unit)
    made.stir(seed=3)
    return made.state_dict()


def _clip(made: Blueprint, first: int, unit: Matrix) -> None:
    """Three neurons that turn a coordinate x ≥ 0 of "say" into 0 up to 0.35 and 1 from 0.65 on."""
    steep = unit / 0.3
    made.neuron(1, first, {"say": unit}, {"say": -unit})
    made.neuron(1, first + 1, {"say": steep}, {"say": unit}, threshold=0.35 / 0.3)
    made.neuron(1, first + 2, {"say": steep}, {"say": -unit}, threshold=0.65 / 0.3)
