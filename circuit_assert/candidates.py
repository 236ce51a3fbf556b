"""Where to look before a claim is made: components that weights alone make likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from circuit_assert.claims.congruence import sign_of, standing
from circuit_assert.components import Neuron
from circuit_assert.errors import ComponentError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.neurons import BestTokens, NeuronsOfToken, TokensOfNeurons
from circuit_assert.models.model import Model
from circuit_assert.prompts.tokenize import single_token

if TYPE_CHECKING:
    import pandas as pd

_NAME = "congruent_neurons"


def congruent_neurons(
    model: Model,
    *,
    layers: Iterable[int],
    tokens: Sequence[str] = (),
    top: int = 20,
) -> pd.DataFrame:
    """Neurons whose output is most congruent with a token: candidates for `neuron_promotes_token`.

    They are found by weights alone and need no documents; whether a neuron is active before its
    token, and whether that matters, is for the claim to test, on documents it was not chosen on.

    Args:
        model: The model.
        layers: Where to look; Neo et al. take the last few.
        tokens: Which tokens; by default each neuron's own most congruent one.
        top: How many pairs of neuron and token, those of the largest |cosine| for given tokens
            and of the largest |z| otherwise.

    Returns:
        A row per pair, the largest |z| first: neuron, token, congruence (dot product), cosine, z,
        token_rank and neuron_rank, as the claim defines them.

    Raises:
        ComponentError: for a layer that the model does not have.
        TokenError: for a text that is not one ordinary token.
        ModelError: when the model cannot be loaded.
    """
    import pandas as pd

    there = _checked(model, layers)
    numbers = [single_token(token, model.tokenizer, _NAME) for token in tokens]
    pairs = _by_cosine(model, there, numbers) if numbers else _by_z(model, there)
    best = sorted(pairs, key=lambda pair: -pair[0])[:top]
    found = pd.DataFrame([_row(model, neuron, token) for _, neuron, token in best])
    return found.sort_values("z", key=abs, ascending=False, ignore_index=True)


Pair = tuple[float, Neuron, int]


def _checked(model: Model, layers: Iterable[int]) -> list[int]:
    there = list(layers)
    if not there:
        raise ComponentError(f"{_NAME} looks at one layer at least; got none.")
    for layer in there:
        model.neuron(layer, 0)
    return there


def _by_cosine(model: Model, layers: list[int], tokens: list[int]) -> list[Pair]:
    wanted = [(layer, token) for layer in layers for token in tokens]
    readings = model.measure([WeightRequest(NeuronsOfToken(*each)) for each in wanted])
    return [
        (abs(float(cosine)), Neuron(layer, neuron), token)
        for (layer, token), reading in zip(wanted, readings, strict=True)
        for neuron, cosine in enumerate(reading[:, 1])
    ]


def _by_z(model: Model, layers: list[int]) -> list[Pair]:
    best = model.measure([WeightRequest(BestTokens(layer)) for layer in layers])
    return [
        (abs(float(z)), Neuron(layer, neuron), int(token))
        for layer, found in zip(layers, best, strict=True)
        for neuron, (token, z) in enumerate(found)
    ]


def _row(model: Model, neuron: Neuron, token: int) -> dict[str, object]:
    of_token, of_neuron = model.measure(
        [
            WeightRequest(NeuronsOfToken(neuron.layer, token)),
            WeightRequest(TokensOfNeurons(neuron.layer, (neuron.neuron,))),
        ]
    )
    sign = sign_of(neuron, of_token)
    place = int(np.flatnonzero(model.tokenizer.ordinary_tokens() == token)[0])
    stands = standing(np.float64(sign) * of_neuron[0], place)
    dot, cosine = cast("tuple[float, float]", of_token[neuron.neuron].tolist())
    return {
        "neuron": str(neuron),
        "token": model.tokenizer.piece(token),
        "congruence": dot,
        "cosine": cosine,
        "z": sign * stands.z,
        "token_rank": stands.rank,
        "neuron_rank": 1 + int(np.count_nonzero(np.abs(of_token[:, 1]) > abs(cosine))),
    }
