"""The first step: neurons by their congruence with the token that they are most congruent with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.components import Neuron
from circuit_assert.errors import ComponentError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.neurons import CongruenceScores, UnembeddingAxes
from circuit_assert.models.model import Model

if TYPE_CHECKING:
    import pandas as pd

_LEAST_CHARACTERS = 3
_UNTRAINED = 0.01


def next_token_neurons(model: Model, *, layers: Iterable[int], per_layer: int = 20) -> pd.DataFrame:
    """The neurons of each layer that are most congruent with one token.

    A neuron's score is its largest dot product with an ordinary token's unembedding, the norms'
    gains folded in and centred over the vocabulary. A gated neuron is the same with its activation
    and its output negated: its score is the largest |dot product|, and `sign` says which way it is
    to be taken. Neurons are left out whose token does not begin with a space or has fewer than
    three characters (the paper's filter), or may be untrained: its unembedding is among the 1 %
    nearest to the vocabulary's mean (our rule, after Land & Bartolo 2024, arXiv:2405.05417; the
    paper rejects such tokens by hand).

    Args:
        model: The model.
        layers: Where to look; the paper takes the last few.
        per_layer: How many of each layer.

    Returns:
        A row per neuron, by layer and score: neuron, sign, token, congruence (the score, above
        zero), z. `attrs["left_out"]` counts those left out before the last of each layer was found.

    Raises:
        ComponentError: for no layer, or one that the model does not have.
        ModelError: when the model cannot be loaded.
    """
    import pandas as pd

    there = list(layers)
    if not there:
        raise ComponentError("next_token_neurons looks at one layer at least; got none.")
    for layer in there:
        model.neuron(layer, 0)
    norms, *congruences = model.measure(
        [WeightRequest(UnembeddingAxes()), *(WeightRequest(CongruenceScores(n)) for n in there)]
    )
    usable = _usable(model, norms[:, 0])
    rows: list[dict[str, object]] = []
    left_out: dict[str, int] = {"token": 0, "untrained": 0}
    for layer, found in zip(there, congruences, strict=True):
        kept = 0
        for number in np.argsort(-found[:, 1], kind="stable"):
            if kept == per_layer:
                break
            token = int(found[number, 0])
            if why := usable(token):
                left_out[why] += 1
                continue
            kept += 1
            rows.append(
                {
                    "neuron": str(Neuron(layer, int(number))),
                    "sign": int(found[number, 3]),
                    "token": model.tokenizer.piece(token),
                    "congruence": float(found[number, 1]),
                    "z": float(found[number, 2]),
                }
            )
    table = pd.DataFrame(rows, columns=["neuron", "sign", "token", "congruence", "z"])
    table.attrs["left_out"] = left_out
    return table


class _Usable:
    """Why a token is left out: "token", "untrained", or nothing."""

    def __init__(self, model: Model, untrained: frozenset[int]) -> None:
        self._model, self._untrained = model, untrained

    def __call__(self, token: int) -> str:
        if not is_word(self._model.tokenizer.piece(token)):
            return "token"
        return "untrained" if token in self._untrained else ""


def is_word(piece: str) -> bool:
    """Whether a token begins with a space and has more than two characters, that included."""
    return piece.startswith(" ") and len(piece) >= _LEAST_CHARACTERS


def _usable(model: Model, norms: np.ndarray) -> _Usable:
    few = np.argsort(norms, kind="stable")[: int(_UNTRAINED * len(norms))]
    return _Usable(model, frozenset(model.tokenizer.ordinary_tokens()[few].tolist()))
