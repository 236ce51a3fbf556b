"""Heads that copy tokens by their OV circuit, and heads that look like them on one criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

_VOCABULARY = 80
_NOISE = 0.03  # in every entry, so that no spectrum is exact
_HUBS = 12  # tokens that everything raises
_LENGTHS = (1.0, 1.41, 1.41)  # of an embedding before each layer and the unembedding
_TRUE = {
    "L0H0": "copies: every token raises itself",
    "L1H0": "copies what the first MLP makes of a token: by the effective embedding",
    "L1H1": "copies by the plain embedding, and lowers what the first MLP makes of a token",
    "L1H2+L1H3+L1H4+L1H5": "copy: each a quarter of the tokens",
}
_FALSE = {
    "L0H1": "copies: every token lowers itself",
    "L0H2": "copies: every token raises the next one",
    "L0H3": f"copies: its spectrum is positive, and every token raises {_HUBS} others more",
    "L0H4": "copies: most tokens are among those they raise most, and its eigenvalues turn",
    "L0H5": "copies: it writes nothing",
    "L1H0": "copies by the plain embedding: it does not read it",
    "L1H1": "copies by the effective embedding",
    "L1H2": "copies: a quarter of the tokens",
    "L1H3": "copies: a quarter of the tokens",
    "L1H4": "copies: a quarter of the tokens",
    "L1H5": "copies: a quarter of the tokens",
}


def copying_model(*, grouped_queries: bool = False) -> PlantedModel:
    """Two layers of six heads that write something for each token, and a first MLP between them.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS
            norms with uneven gains around every block. What is true stays true.
    """
    shape = Shape(
        parts={"token": _VOCABULARY, "renamed": _VOCABULARY, "say": _VOCABULARY},
        vocabulary=_VOCABULARY,
        layers=2,
        heads=6,
        d_head=2 * _VOCABULARY,
        d_mlp=_VOCABULARY,
        context=16,
        kv_heads=3 if grouped_queries else None,
        norm="RMS" if grouped_queries else None,
    )
    return PlantedModel(
        name="planted-copying-grouped" if grouped_queries else "planted-copying",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape),
        vocabulary=words(_VOCABULARY),
        true=_TRUE,
        false=_FALSE,
    )


def _weights(shape: Shape) -> dict[str, torch.Tensor]:
    each: Matrix = np.eye(_VOCABULARY)
    gains = np.random.default_rng(2).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=_LENGTHS)
    made.embed("token", each)
    made.unembed("say", each)
    for token, unit in enumerate(each):
        made.neuron(0, token, {"token": unit}, {"renamed": unit})
    for layer in range(shape.layers):
        for group in range(shape.heads):
            made.value(layer, group, "token", np.eye(_VOCABULARY, shape.d_head))
            made.value(layer, group, "renamed", np.eye(_VOCABULARY, shape.d_head, _VOCABULARY))
    nothing = np.zeros_like(each)
    for head, by_token in enumerate(_first_layer()):
        _write(made, 0, head, by_token, nothing)
    quarters = [np.diag((np.arange(_VOCABULARY) % 4 == n).astype(float)) for n in range(4)]
    pairs = [(nothing, each), (each, -2 * each), *((quarter, nothing) for quarter in quarters)]
    for head, (by_token, by_renamed) in enumerate(pairs):
        _write(made, 1, head, by_token, by_renamed)
    return made.state_dict()


def _first_layer() -> list[Matrix]:
    """What each head writes for each token: `[token, token]`."""
    each: Matrix = np.eye(_VOCABULARY)
    hubs = np.zeros_like(each)
    hubs[:, 1 : 1 + _HUBS] = 3.0
    turn = np.kron(np.eye(_VOCABULARY // 2), np.array([[0.0, 1.0], [-1.0, 0.0]]))
    return [each, -each, np.roll(each, 1, axis=1), each + hubs, each + 3 * turn]


def _write(made: Blueprint, layer: int, head: int, by_token: Matrix, by_renamed: Matrix) -> None:
    rng = np.random.default_rng([layer, head])
    rows = np.concatenate([by_token, by_renamed])
    noise = _NOISE * rng.standard_normal(rows.shape)
    made.output(layer, head, "say", rows + noise * (np.abs(rows).sum(1, keepdims=True) > 0))


def graded_copying_model(
    name: str, circuit: Matrix, *, vocabulary: int = 2000, noise: float = 1.0, seed: int = 0
) -> PlantedModel:
    """One head with a given OV circuit between random embeddings and unembeddings like them.

    Args:
        name: Models of one name count as one: give other numbers another.
        circuit: `[width, width]`, what the head makes of a token's code.
        vocabulary: How many tokens.
        noise: Length of what an unembedding has beside its token's code, of length one.
        seed: Draws codes and unembeddings.
    """
    width = len(circuit)
    shape = Shape(
        parts={"code": width, "say": width},
        vocabulary=vocabulary,
        layers=1,
        heads=2,
        d_head=width,
        d_mlp=1,
        context=16,
    )

    def weights() -> dict[str, torch.Tensor]:
        codes = random_codes(vocabulary, width, seed)
        made = Blueprint(shape)
        made.embed("code", codes)
        made.unembed("say", codes + noise * random_codes(vocabulary, width, seed + 1))
        made.value(0, 0, "code", np.eye(width))
        made.output(0, 0, "say", circuit)
        return made.state_dict()

    return PlantedModel(
        name=f"planted-graded-copying-{name}",
        card=shape.card,
        settings=shape.settings,
        weights=weights,
        vocabulary=words(vocabulary),
        true={"L0H0": "has the OV circuit that it was given"},
        false={"L0H1": "copies: it writes nothing"},
    )
