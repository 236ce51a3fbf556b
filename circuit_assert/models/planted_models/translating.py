"""Paragraphs of words in two planted languages, and neurons that are active for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

Active = Literal["shared", "own", "chance", "sizes"]

LANGUAGES = ("en", "fr")
_WORDS, _NAMES, _LENGTH = 120, 60, 10
_NEURONS = 2 * _WORDS + _NAMES
_RICH = 9  # neurons of a word of the second half, where sizes differ; of others, one
_PLENTY = 5  # neurons of each word, where all are alike

_TRUE: dict[Active, str] = {
    "shared": "has a neuron for each word, active for its translation, too",
    "own": "has a neuron for each word of each language",
    "chance": "has five neurons for each word, drawn independently of those for its translation",
    "sizes": "has one neuron for some words, nine for others and their translations, drawn "
    "independently of these",
}
_FALSE: dict[Active, str] = {
    "shared": "",
    "own": "has features that overlap across languages: each is active in one language only, or "
    "for a name",
    "chance": "has features that overlap across languages, more than by chance",
    "sizes": "has features that overlap across languages: translations have as many, no more",
}


def translating_model(layers: Sequence[Active] = ("shared",), *, seed: int = 7) -> PlantedModel:
    """Layers whose neurons are active for words of paragraphs, and write nothing.

    In every layer there are neurons for names too, which both languages have.

    Args:
        layers: What neurons are active for, layer by layer. "shared": a word and its translation.
            "own": a word. "chance": words drawn independently in each language. "sizes": likewise,
            but words of the second half of the vocabulary, and their translations, have many.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={"word": 1 + len(_vocabulary())},
        vocabulary=1 + len(_vocabulary()),
        layers=len(layers),
        heads=1,
        d_head=4,
        d_mlp=_NEURONS,
        context=2 * _LENGTH,
    )
    return PlantedModel(
        name=f"planted-translating-{'-'.join(layers)}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, layers, seed),
        vocabulary=("<begin>", *(f" {word}" for word in _vocabulary())),
        true={f"L{n}.mlp_post": _TRUE[kind] for n, kind in enumerate(layers)},
        false={f"L{n}.mlp_post": _FALSE[kind] for n, kind in enumerate(layers) if _FALSE[kind]},
    )


def planted_paragraphs(count: int = 40, *, translated: bool = True, seed: int = 0) -> PromptSet:
    """Paragraphs of eight words and two names in two languages, in an order of each its own.

    About half of them are made of words of the second half of the vocabulary, the others of words
    of the first. Ids are "paragraph".

    Args:
        count: How many in each language.
        translated: Whether the two languages' paragraphs of one id are made of the same words;
            otherwise they have nothing to do with each other.
        seed: What words are drawn with.
    """
    generator = np.random.default_rng(seed)
    prompts: list[Prompt] = []
    for number in range(count):
        drawn = _drawn(generator)
        for language in LANGUAGES:
            words, names = drawn if translated else _drawn(generator)
            named = [*(f"{language}-{word}" for word in words), *(f"name-{n}" for n in names)]
            said = " ".join(generator.permutation(named).tolist())
            clusters = {"paragraph": f"paragraph {number}"}
            prompts.append(Prompt(said, clusters=clusters, language=language))
    return PromptSet("planted paragraphs", tuple(prompts), ("paragraph",))


def _drawn(generator: np.random.Generator) -> tuple[list[int], list[int]]:
    """Some words of one half of the vocabulary, and two names."""
    first = int(generator.integers(2)) * (_WORDS // 2)
    words = first + generator.permutation(_WORDS // 2)[: _LENGTH - 2]
    return words.tolist(), generator.permutation(_NAMES)[:2].tolist()


@cache
def _vocabulary() -> tuple[str, ...]:
    words = [f"{language}-{word}" for language in LANGUAGES for word in range(_WORDS)]
    return (*words, *(f"name-{name}" for name in range(_NAMES)))


def _weights(shape: Shape, layers: Sequence[Active], seed: int) -> dict[str, torch.Tensor]:
    made = Blueprint(shape)
    made.embed("word", np.eye(shape.vocabulary))
    generator = np.random.default_rng(seed)
    for layer, kind in enumerate(layers):
        for neuron, read in enumerate(_active(kind, generator)):
            made.neuron(layer, neuron, {"word": np.concatenate([[0.0], read])}, {})
    return made.state_dict()


def _active(kind: Active, generator: np.random.Generator) -> Matrix:
    """How active each neuron is for each word: `[neuron, word]`."""
    active = np.zeros((_NEURONS, len(_vocabulary())))
    loud = generator.uniform(1.0, 2.0, active.shape)
    for word in range(_WORDS):
        for language in range(len(LANGUAGES)):
            place = language * _WORDS + word
            active[_neurons_for(kind, word, place, generator), place] = 1.0
    for name in range(_NAMES):
        active[2 * _WORDS + name, 2 * _WORDS + name] = 1.0
    return active * loud


def _neurons_for(kind: Active, word: int, place: int, generator: np.random.Generator) -> list[int]:
    match kind:
        case "shared":
            return [word]
        case "own":
            return [place]
        case "chance":
            return generator.permutation(2 * _WORDS)[:_PLENTY].tolist()
        case "sizes":
            many = _RICH if word >= _WORDS // 2 else 1
            return generator.permutation(2 * _WORDS)[:many].tolist()
