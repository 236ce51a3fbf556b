"""Heads whose queries score keys by what tokens are, and heads that look like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

_VOCABULARY = 120
_NOISE = 0.03  # in every entry, so that no spectrum is exact
_HUBS = 12  # tokens whose keys everything scores
_TRUE = {
    "L0H0": "matches the same token",
    "L0H2": "matches a token with the next one's key",
    "L1H0": "matches the same token by what the first MLP makes of it",
}
_FALSE = {
    "L0H1": "matches the same token: it scores all others higher",
    "L0H2": "matches the same token",
    "L0H3": f"matches the same token: its spectrum is positive, and {_HUBS} keys score higher",
    "L0H4": "matches the same token: most score themselves highest, and its eigenvalues turn",
    "L0H5": "matches anything: its weights are random",
    "L1H0": "matches the same token by the embedding alone: it does not read it",
}


def matching_model(*, grouped_queries: bool = False) -> PlantedModel:
    """Two layers of six heads that score some tokens' keys, and a first MLP that renames tokens.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS norms
            with uneven gains before every block. What is true stays true.
    """
    shape = Shape(
        parts={"token": _VOCABULARY, "renamed": _VOCABULARY},
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
        name="planted-matching-grouped" if grouped_queries else "planted-matching",
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
    made = Blueprint(shape, gains=gains, lengths=(1.0, 1.41, 1.41))
    made.embed("token", each)
    made.unembed("token", each)
    for token, unit in enumerate(each):
        made.neuron(0, token, {"token": unit}, {"renamed": np.roll(unit, 7)})
    for layer in range(shape.layers):
        for head in range(shape.heads):
            made.key(layer, head, "token", np.eye(_VOCABULARY, shape.d_head))
            made.key(layer, head, "renamed", np.eye(_VOCABULARY, shape.d_head, _VOCABULARY))
            made.value(layer, head, "token", np.eye(_VOCABULARY, shape.d_head))
            made.output(layer, head, "token", 0.1 * np.eye(shape.d_head, _VOCABULARY))
    for head, scored in enumerate(_first_layer()):
        _ask(made, (0, head), "token", np.eye(_VOCABULARY, shape.d_head), scored)
    renamed = np.eye(_VOCABULARY, shape.d_head, _VOCABULARY)
    for head in range(shape.heads):
        _ask(made, (1, head), "renamed", renamed, each if head == 0 else np.zeros_like(each))
    return made.state_dict()


def _first_layer() -> list[Matrix]:
    """What each head's query scores, for each token: `[token, key's token]`."""
    each: Matrix = np.eye(_VOCABULARY)
    hubs = np.zeros_like(each)
    hubs[:, 1 : 1 + _HUBS] = 3.0
    turn = np.kron(np.eye(_VOCABULARY // 2), np.array([[0.0, 1.0], [-1.0, 0.0]]))
    after = np.roll(each, 1, axis=1)
    random = np.random.default_rng(5).standard_normal(each.shape)
    return [each, -each, after, each + hubs, each + 3 * turn, random]


def _ask(made: Blueprint, place: tuple[int, int], part: str, keys: Matrix, scored: Matrix) -> None:
    noise = _NOISE * np.random.default_rng(place).standard_normal(scored.shape)
    made.query(*place, part, (scored + noise) @ keys)


def graded_matching_model(
    name: str, circuit: Matrix, *, vocabulary: int = 2000, noise: float = 1.0, seed: int = 0
) -> PlantedModel:
    """One head with a given QK circuit between what tokens ask for and what they are.

    Args:
        name: Models of one name count as one: give other numbers another.
        circuit: `[width, width]`, what the query makes of a token's code.
        vocabulary: How many tokens.
        noise: Length of what a key's code has beside the query's, of length one.
        seed: Draws the codes.
    """
    width = len(circuit)
    shape = Shape(
        parts={"asked": width, "kept": width},
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
        made.embed("asked", codes)
        made.embed("kept", codes + noise * random_codes(vocabulary, width, seed + 1))
        made.unembed("kept", codes)
        made.query(0, 0, "asked", circuit)
        made.key(0, 0, "kept", np.eye(width))
        return made.state_dict()

    return PlantedModel(
        name=f"planted-graded-matching-{name}",
        card=shape.card,
        settings=shape.settings,
        weights=weights,
        vocabulary=words(vocabulary),
        true={"L0H0": "has the QK circuit that it was given"},
        false={"L0H1": "matches: it scores all keys alike"},
    )
