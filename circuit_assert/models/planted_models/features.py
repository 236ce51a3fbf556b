"""Features in superposition, their dictionary known: a true one, and decoys for each claim."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.components import Site
from circuit_assert.dictionaries.dictionary import Dictionary
from circuit_assert.dictionaries.encoders import Jump, Matrices
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.documents import (
    any_of,
    bounds_of,
    in_documents,
    place_within,
)
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_LATIN, _OTHERS = 30, 15
_LETTERS = {"Cyrillic": "ж", "Greek": "λ", "Arabic": "س"}
_VOCABULARY = (
    "<begin>",
    *(f" w{n}" for n in range(_LATIN)),
    *(f" {letter}{n}" for letter in _LETTERS.values() for n in range(_OTHERS)),
)
_WORDS = len(_VOCABULARY)
_STREAM, _LATENTS, _NEURONS, _CONTEXT = 128, 160, 24, 48
_THRESHOLD = 0.8
_WEAK = (1.0, 1.3)
_STRONG = (1.5, 3.0)
_LOUD = 1.2  # logits for each of the promoted tokens, by an activation of 1
_SPREAD = 300  # steps in which codes are moved apart
MEANING, TOP_ONLY, SUPERSET, UNUSED, NEURON, PARTIAL = range(6)
PROMOTED = (" w0", " w1", " w2", " w3", " w4")
"""The words that often follow Cyrillic ones, and that L0F0 promotes."""
_OWN = 6  # from this latent on, each word has one of its own
SITE = "L0.resid_post"


def feature_model(*, beside: float = 0.0, seed: int = 0) -> PlantedModel:
    """Two layers whose residual stream holds 160 features in 128 dimensions.

    Words put features into it, more or less of each; one feature is written by a neuron. The
    unembedding reads some of them. `feature_dictionary` tells them apart.

    Args:
        beside: How much of L0F4, which a neuron writes for Greek words, Latin words put into the
            stream themselves.
        seed: What strengths and directions are drawn with.
    """
    shape = Shape(
        parts={"stream": _STREAM, "greek": 1, "one": 1},
        vocabulary=_WORDS,
        layers=2,
        heads=2,
        d_head=4,
        d_mlp=_NEURONS,
        context=_CONTEXT,
    )
    drawn = f"-{beside:g}-{seed}" if beside or seed else ""
    return PlantedModel(
        name=f"planted-features{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, beside, seed),
        vocabulary=_VOCABULARY,
        true={
            "L0F0": "is active on Cyrillic words, on all of them and only on them; it promotes "
            "w0 to w4, which the model needs it for; it is not a neuron"
        },
        false={
            "L0F1": "is active only on Cyrillic words: weakly it is on Latin ones too",
            "L0F2": "is active only on Cyrillic words: it is on Greek ones, too",
            "L0F3": "matters: it is active as L0F0 is, and nothing reads it",
            "L0F4": "is not a neuron: L0N0 writes it",
            "L0F5": "is active on all Cyrillic words: it is on half of them",
        },
    )


def feature_dictionary(seed: int = 0) -> Dictionary:
    """What encodes the features that `feature_model` puts into the stream, a JumpReLU dictionary.

    Args:
        seed: The model's.
    """
    codes = _codes(seed)
    width = np.zeros((_LATENTS, 2))
    rows = np.concatenate([codes, width], axis=1).astype(np.float32)
    encoder = Matrices(
        W_enc=np.ascontiguousarray(rows.T),
        b_enc=np.zeros(_LATENTS, np.float32),
        W_dec=rows,
        b_dec=np.zeros(rows.shape[1], np.float32),
        activation=Jump(np.full(_LATENTS, _THRESHOLD, np.float32)),
    )
    site = Site(0, "resid_post")
    return Dictionary(f"planted dictionary {seed}", encoder, site, site)


def feature_documents(*, documents: int = 48, length: int = 40, seed: int = 0) -> PromptSet:
    """Words of four scripts, some of each in every document; Latin ones follow Cyrillic ones.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    return in_documents(
        "words in four scripts", (_document(generator, length) for _ in range(documents))
    )


def _document(generator: np.random.Generator, length: int) -> str:
    bounds = bounds_of(generator.dirichlet(np.full(4, 6.0)))
    cyrillic, said = _of("Cyrillic"), list[int]()
    while len(said) < length:
        if said and said[-1] in cyrillic and generator.random() < 0.7:
            said.append(1 + int(generator.integers(len(PROMOTED))))
        else:
            script = ("Latin", *_LETTERS)[place_within(bounds, generator)]
            said.append(any_of(_of(script), generator))
    return " ".join(_VOCABULARY[word].strip() for word in said)


def _of(script: str) -> range:
    if script == "Latin":
        return range(1, 1 + _LATIN)
    start = 1 + _LATIN + list(_LETTERS).index(script) * _OTHERS
    return range(start, start + _OTHERS)


@lru_cache(maxsize=64)
def _codes(seed: int) -> Matrix:
    """Directions of all features, moved apart until they overlap little: `[latent, stream]`."""
    codes = random_codes(_LATENTS, _STREAM, seed=seed)
    for _ in range(_SPREAD):
        overlap = codes @ codes.T - np.eye(_LATENTS)
        codes = codes - 0.5 * overlap**3 @ codes - 0.05 * overlap @ codes
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    return codes


def _strengths(beside: float, generator: np.random.Generator) -> Matrix:
    """How much of each feature each word puts into the stream: `[word, latent]`."""
    found = np.zeros((_WORDS, _LATENTS))

    def put(feature: int, words: range, between: tuple[float, float]) -> None:
        found[list(words), feature] = generator.uniform(*between, len(words))

    cyrillic, greek = _of("Cyrillic"), _of("Greek")
    put(MEANING, cyrillic, _STRONG)
    put(TOP_ONLY, cyrillic, (2.0, 3.0))
    put(TOP_ONLY, range(11, 1 + _LATIN), _WEAK)
    put(SUPERSET, cyrillic, _STRONG)
    put(SUPERSET, greek, _STRONG)
    put(UNUSED, cyrillic, _STRONG)
    put(PARTIAL, cyrillic[::2], _STRONG)
    if beside:
        put(NEURON, range(11, 1 + _LATIN), (0.8 * beside, 1.2 * beside))
    words = np.arange(1, _WORDS)
    found[words, _OWN + words] = generator.uniform(1.5, 2.0, len(words))
    return found


def _weights(shape: Shape, beside: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 1])
    codes = _codes(seed)
    made = Blueprint(shape)
    made.embed("stream", _strengths(beside, generator) @ codes)
    greek = np.zeros((_WORDS, 1))
    greek[list(_of("Greek")), 0] = generator.uniform(*_STRONG, _OTHERS)
    made.embed("greek", greek)
    made.embed("one", np.ones((_WORDS, 1)))
    made.neuron(0, 0, {"greek": np.ones(1)}, {"stream": codes[NEURON]})
    for neuron in range(1, _NEURONS):
        words = generator.choice(np.arange(1, _WORDS), 4, replace=False)
        made.neuron(0, neuron, {"stream": codes[_OWN + words].sum(0)}, {}, threshold=1.2)
    made.unembed("stream", _rows(codes))
    return made.state_dict()


def _rows(codes: Matrix) -> Matrix:
    """What logits read: of the promoted words L0F0, of Greek ones L0F2; never L0F3."""
    rows = np.zeros((_WORDS, _STREAM))
    rows[1 : 1 + len(PROMOTED)] += _LOUD * codes[MEANING]
    rows[list(_of("Greek"))] += 0.1 * codes[SUPERSET]
    return rows - np.outer(rows @ codes[UNUSED], codes[UNUSED])
