"""A neuron for a word of two tokens, and neurons for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Matrix,
    Shape,
    shift_by,
    wave_codes,
)
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _WAVES, _CONTEXT_WIDTH, _NEURONS, _LONGEST = 60, 24, 6, 24, 48
_SIZE = _WORDS + 1
_FIRST, _SECOND = 5, 9
COMPOUND = f" w{_FIRST} w{_SECOND}"
"""The word of two tokens."""
_TRUE = {"L1N0": f"detokenizes{COMPOUND}: it is active where one follows the other"}
_FALSE = {
    "L1N1": f"detokenizes{COMPOUND}: it is active on the second token, whatever was before",
    "L1N2": f"detokenizes{COMPOUND}: it is active after the first token, whatever follows",
    "L1N3": f"detokenizes{COMPOUND}: it is active everywhere",
    "L1N4": f"detokenizes{COMPOUND}: it is active on another pair",
}


def compound_model(*, alone: float = 0.0, gated: bool = False, seed: int = 0) -> PlantedModel:
    """Two layers: a head looks at the previous token, another at all of them, neurons read both.

    What came before moves the activations, by document.

    Args:
        alone: How active L1N0 is on the second token with another before it, 1 being the word.
        gated: Gated MLPs, whose planted neurons are active below zero.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={
            "word": _SIZE,
            "one": 1,
            "position": 2 * _WAVES,
            "previous": _SIZE,
            "context": _CONTEXT_WIDTH,
            "say": _SIZE,
        },
        vocabulary=_SIZE,
        layers=2,
        heads=2,
        d_head=_SIZE,
        d_mlp=_NEURONS,
        context=_LONGEST,
        gated=gated,
    )
    return PlantedModel(
        name=f"planted-compounds{'-gated' * gated}-{alone:g}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, alone, seed),
        vocabulary=("<begin>", *(f" w{n}" for n in range(1, _SIZE))),
        true=_TRUE,
        false=_FALSE,
    )


def compound_documents(*, documents: int = 48, length: int = 30, seed: int = 0) -> PromptSet:
    """Random words.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    texts = (
        " ".join(f"w{n}" for n in generator.integers(1, _SIZE, length)) for _ in range(documents)
    )
    return in_documents("drawn words", texts)


def _weights(shape: Shape, alone: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 21])
    made = Blueprint(shape)
    each: Matrix = np.eye(_SIZE)
    made.embed("word", each)
    made.embed("one", np.ones((_SIZE, 1)))
    made.place("position", wave_codes(_LONGEST, _WAVES))
    made.unembed("say", each)
    wide = np.eye(2 * _WAVES, _SIZE)
    sharp = 14.0 * np.sqrt(_SIZE)
    made.query(0, 0, "position", sharp * shift_by(-1, _WAVES) @ wide)
    made.key(0, 0, "position", wide)
    for head in range(2):
        made.value(0, head, "word", each)
    made.output(0, 0, "previous", each)
    made.output(0, 1, "context", generator.standard_normal((_SIZE, _CONTEXT_WIDTH)))
    first, second = each[_FIRST], each[_SECOND]
    both = {"word": (1.0 + alone) * second, "previous": first, "one": -np.ones(1)}
    planted = (
        both,
        {"word": second},
        {"previous": first},
        {"one": np.ones(1)},
        {"word": each[12], "previous": each[30], "one": -np.ones(1)},
    )
    for number in range(_NEURONS):
        reads = dict(planted[number]) if number < len(planted) else _ordinary(generator)
        reads["context"] = generator.uniform(0.1, 0.3, _CONTEXT_WIDTH)
        writes = {"say": generator.standard_normal(_SIZE)}
        made.neuron(1, number, reads, writes, up={"one": -np.ones(1)})
    return made.state_dict()


def _ordinary(generator: np.random.Generator) -> dict[str, Matrix]:
    return {"word": (generator.random(_SIZE) < 0.2) * generator.uniform(0.5, 1.5, _SIZE)}
