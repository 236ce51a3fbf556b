"""Heads that count on, and heads that do something else in the same classes of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.prompts.ordinals import ordinal_words

if TYPE_CHECKING:
    import torch

_CLASSES = ("numbers", "number_words", "days", "months", "letters")
_MOST = 31  # words of a class: numbers up to 30
_FILLERS = 20
_LENGTHS = (1.0, 1.41, 1.41)  # of the residual stream before each layer and the unembedding
_TRUE = {
    "L1H0": "is a successor head",
    "L1H6+L1H7": "are a successor head: each counts on in some of the classes",
}
_FALSE = {
    "L1H1": "is a successor head: it copies",
    "L1H2": "is a successor head: it raises what comes before",
    "L1H3": "is a successor head: it raises all that comes later alike",
    "L1H4": "is a successor head: in every class but that of days, whose words it mixes",
    "L1H5": "is a successor head: by the embedding alone, and the other way by what the first MLP "
    "makes of it",
    "L1H6": "is a successor head: with numbers and letters alone",
    "L1H7": "is a successor head: with words alone",
}


def counting_model(
    *, grouped_queries: bool = False, right: float = 1.0, seed: int = 0
) -> PlantedModel:
    """Two layers of eight heads; those of the second raise ordinal words for ordinal words.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS
            norms with uneven gains around every block. What is true stays true.
        right: How likely L1H0 raises a word's successor; else it raises any other ordinal word.
        seed: Draws for which, and what does not matter.
    """
    vocabulary = _vocabulary()
    size = len(vocabulary)
    shape = Shape(
        parts={"token": size, "renamed": size, "say": size},
        vocabulary=size,
        layers=2,
        heads=8,
        d_head=2 * size,
        d_mlp=size,
        context=16,
        kv_heads=4 if grouped_queries else None,
        norm="RMS" if grouped_queries else None,
    )
    return PlantedModel(
        name=f"planted-counting-{right:g}-{seed}{'-grouped' * grouped_queries}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, right, seed),
        vocabulary=vocabulary,
        true=_TRUE,
        false=_FALSE,
    )


def _vocabulary() -> tuple[str, ...]:
    words = (f" {word}" for name in _CLASSES for word in ordinal_words(name)[:_MOST])
    return ("<begin>", *words, *(f" filler{n}" for n in range(_FILLERS)))


def _places() -> dict[str, slice]:
    """Where the words of each class stand in the vocabulary."""
    places: dict[str, slice] = {}
    start = 1
    for name in _CLASSES:
        stop = start + len(ordinal_words(name)[:_MOST])
        places[name] = slice(start, stop)
        start = stop
    return places


def _weights(shape: Shape, right: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 5])
    size = shape.vocabulary
    each: Matrix = np.eye(size)
    gains = np.random.default_rng(2).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=_LENGTHS)
    made.embed("token", each)
    made.unembed("say", each)
    for token, unit in enumerate(each):
        made.neuron(0, token, {"token": unit}, {"renamed": unit})
    for head, (token, renamed) in enumerate(_heads(size, right, generator)):
        made.value(1, head, "token", np.eye(size, shape.d_head))
        made.value(1, head, "renamed", np.eye(size, shape.d_head, size))
        noise = 0.02 * generator.standard_normal((2 * size, size))
        made.output(1, head, "say", np.concatenate([token, renamed]) + noise)
    return made.state_dict()


def _heads(size: int, right: float, generator: np.random.Generator) -> list[tuple[Matrix, Matrix]]:
    """What each head of the second layer writes for a word, by its two codes."""
    places = _places()
    nothing = np.zeros((size, size))

    def of(step: int, classes: tuple[str, ...] = _CLASSES) -> Matrix:
        made = np.zeros((size, size))
        for name in classes:
            where = places[name]
            made[where, where] = np.eye(where.stop - where.start, k=step)
        return made

    def later() -> Matrix:
        return sum((of(step) for step in range(1, _MOST)), nothing)

    mixed = of(1)
    days = places["days"]
    mixed[days, days] = np.roll(np.eye(7), 3, axis=1)
    symbols = ("numbers", "letters")
    words = tuple(name for name in _CLASSES if name not in symbols)
    return [
        (nothing, _sometimes(of(1), right, places, generator)),
        (nothing, of(0)),
        (nothing, of(-1)),
        (nothing, later()),
        (nothing, mixed),
        (of(1), -2.0 * of(1)),
        (nothing, of(1, symbols)),
        (nothing, of(1, words)),
    ]


def _sometimes(
    successors: Matrix, right: float, places: dict[str, slice], generator: np.random.Generator
) -> Matrix:
    """The map, with some words sent to another ordinal word, any but the next."""
    made = successors.copy()
    stop = max(where.stop for where in places.values())
    for word in range(1, stop):
        if successors[word].any() and generator.random() >= right:
            others = np.flatnonzero(successors[word, 1:stop] == 0) + 1
            made[word] = np.eye(len(made))[generator.choice(others)]
    return made
