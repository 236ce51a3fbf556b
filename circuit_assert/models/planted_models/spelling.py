"""A neuron that goes on with words, and neurons that matter as much elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_STEMS, _ENDINGS, _NEVER, _NEURONS, _ASIDE = 40, 20, 20, 32, 8
_STEM = slice(1, 1 + _STEMS)
_ENDING = slice(_STEM.stop, _STEM.stop + _ENDINGS)
_NONE = slice(_ENDING.stop, _ENDING.stop + _NEVER)
_SIZE = _NONE.stop
_GOES_ON = 0.6  # of stems are followed by their ending
_BESIDE = range(4, 16)  # neurons that write about as much, where nothing is read
_TRUE = {"L1N0": "retokenizes: after a stem it raises endings"}
_FALSE = {
    "L1N1": "retokenizes: it is needed where words begin",
    "L1N2": "retokenizes: it is needed for both alike, against tokens that never come",
    "L1N3": "retokenizes: it would, and is never active",
}


def spelling_model(*, effect: float = 2.0, seed: int = 0) -> PlantedModel:
    """Two layers without attention: words are a stem, " w7", or a stem and an ending, " w7x3".

    Each stem says its own ending, endings say some stems.

    Args:
        effect: Logits by which L1N0 raises endings, on average over stems.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={"word": _SIZE, "say": _SIZE, "aside": _ASIDE},
        vocabulary=_SIZE,
        layers=2,
        heads=2,
        d_head=4,
        d_mlp=_NEURONS,
        context=64,
    )
    stems, endings, never = (
        tuple(f"{name}{n}" for n in range(count))
        for name, count in ((" w", _STEMS), ("x", _ENDINGS), (" never", _NEVER))
    )
    return PlantedModel(
        name=f"planted-spelling-{effect:g}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, effect, seed),
        vocabulary=("<begin>", *stems, *endings, *never),
        true=_TRUE,
        false=_FALSE,
    )


def spelling_documents(*, documents: int = 40, length: int = 30, seed: int = 0) -> PromptSet:
    """Words of a stem, some with its ending.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])

    def word() -> str:
        stem = int(generator.integers(_STEMS))
        ending = f"x{stem % _ENDINGS}" if generator.random() < _GOES_ON else ""
        return f"w{stem}{ending}"

    texts = (" ".join(word() for _ in range(length)) for _ in range(documents))
    return in_documents("stems and endings", texts)


def _weights(shape: Shape, effect: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 11])
    made = Blueprint(shape)
    made.embed("word", np.eye(_SIZE))
    made.embed("say", _says(generator))
    made.unembed("say", np.eye(_SIZE))
    after_stems, after_endings, after_some = (np.zeros(_SIZE) for _ in range(3))
    after_stems[_STEM] = generator.uniform(0.5, 1.5, _STEMS)
    after_stems[_STEM] /= after_stems.mean() * _SIZE / _STEMS
    after_endings[_ENDING] = generator.uniform(0.5, 1.5, _ENDINGS)
    after_some[_STEM.start : _ENDING.stop] = generator.random(_STEMS + _ENDINGS) < 0.5
    planted = (
        (after_stems, _toward(_ENDING, effect)),
        (after_endings, _toward(_STEM, effect)),
        (after_some, _toward(_NONE, -1.5)),
        (-after_stems, _toward(_ENDING, effect)),
    )
    for layer in range(shape.layers):
        for neuron in range(_NEURONS):
            if layer and neuron < len(planted):
                reads, writes = planted[neuron]
            else:
                reads = (generator.random(_SIZE) < 0.3) * generator.uniform(0.5, 1.5, _SIZE)
                writes = 0.02 * generator.standard_normal(_SIZE)
            aside = np.zeros(_ASIDE)
            if layer and neuron in _BESIDE:
                aside[neuron % _ASIDE] = effect * np.sqrt(_ENDINGS) * generator.uniform(0.8, 1.6)
            made.neuron(layer, neuron, {"word": reads}, {"say": writes, "aside": aside})
    return made.state_dict()


def _says(generator: np.random.Generator) -> Matrix:
    """What each token says of the next: `[token, token]`."""
    said = np.zeros((_SIZE, _SIZE))
    for stem in range(_STEMS):
        said[_STEM.start + stem, _ENDING.start + stem % _ENDINGS] = 2.0
    said[_ENDING, _STEM] = generator.uniform(0.0, 1.5, (_ENDINGS, _STEMS))
    return said


def _toward(tokens: slice, logits: float) -> Matrix:
    written = np.zeros(_SIZE)
    written[tokens] = logits
    return written
