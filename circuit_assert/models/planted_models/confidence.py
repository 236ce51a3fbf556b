"""Neurons that regulate how sure the model is, and neurons that look like them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _SAY, _NULL, _NEURONS, _LAYERS = 160, 96, 8, 120, 2
_CUES = np.arange(1, _WORDS + 1) % 4 == 0  # words that drive the planted neurons
_BASE = 5.0  # logits by which each word says its own next ones
_LENGTH = 6.0  # of the residual stream without the planted neurons
_SEED = 0


@dataclass(frozen=True)
class _Planted:
    """What a planted neuron writes, in lengths, where its activation is 1.

    Args:
        null: Where nothing reads but the final norm.
        say: In a random direction that tokens are read from.
        frequency: Where each token is read by its log frequency.
        active: Whether any word drives it.
    """

    null: float = 0.0
    say: float = 0.0
    frequency: float = 0.0
    active: bool = True


_TRUE = {
    "L1N0": "is an entropy neuron: it writes where only the final norm reads",
    "L1N5": "is a token-frequency neuron: it raises tokens by their log frequency",
    "L1N7": "is a token-frequency neuron: it lowers tokens by their log frequency",
}
_FALSE = {
    "L1N1": "is an entropy or a token-frequency neuron: it is as large and writes to tokens",
    "L1N2": "is an entropy neuron: it writes where only the final norm reads, and next to nothing",
    "L1N3": "is an entropy neuron: it would be, and is never active",
    "L1N4": "is an entropy neuron: it writes to tokens as much as where only the norm reads",
    "L1N6": "is a token-frequency neuron: it would be, and is never active",
}


def confidence_model(
    *, gated: bool = False, entropy: float = 6.0, frequency: float = 1.0, seed: int = _SEED
) -> PlantedModel:
    """Two layers of 120 neurons with RMS norms; eight of the second are planted.

    A quarter of the words drive the planted neurons, all alike. The other neurons are active after
    ten random words each and write in random directions that tokens are read from.

    Args:
        gated: Gated MLPs, with the planted neurons' activations negative and their outputs turned.
        entropy: How much L1N0 writes; the residual stream's length is 6.
        frequency: How much L1N5 and L1N7 write: logits for a standard deviation of log frequency.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={"word": _WORDS + 1, "one": 1, "say": _SAY, "null": _NULL, "frequency": 1},
        vocabulary=_WORDS + 1,
        layers=_LAYERS,
        heads=2,
        d_head=8,
        d_mlp=_NEURONS,
        context=64,
        norm="RMS",
        gated=gated,
    )
    planted = (
        _Planted(null=entropy),
        _Planted(say=entropy),
        _Planted(null=0.1),
        _Planted(null=entropy, active=False),
        _Planted(null=0.7 * entropy, say=0.7 * entropy),
        _Planted(frequency=frequency),
        _Planted(frequency=frequency, active=False),
        _Planted(frequency=-frequency),
    )
    drawn = f"{'-gated' * gated}-{entropy:g}-{frequency:g}-{seed}"
    return PlantedModel(
        name=f"planted-confidence{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, planted, seed),
        vocabulary=("<begin>", *(f" w{n}" for n in range(1, _WORDS + 1))),
        true=_TRUE,
        false=_FALSE,
    )


def confidence_documents(*, documents: int = 48, length: int = 40, seed: int = 0) -> PromptSet:
    """Words by Zipf's law, a quarter of each document's from those that drive the neurons.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    numbers = np.arange(1, _WORDS + 1)
    cues, others = _shares()

    def text() -> str:
        count = length // 4
        said = [
            *generator.choice(numbers, count, p=cues),
            *generator.choice(numbers, length - count, p=others),
        ]
        return " ".join(f"w{word}" for word in generator.permutation(said))

    return in_documents("words by frequency", (text() for _ in range(documents)))


def word_shares() -> Matrix:
    """How often each word is said in the documents, from " w1" on: `[word]`, of sum one."""
    cues, others = _shares()
    return 0.25 * cues + 0.75 * others


def _shares() -> tuple[Matrix, Matrix]:
    """The same among words that drive the planted neurons, and among the others."""
    shares = np.exp(_log_frequencies())
    cues, others = shares * _CUES, shares * ~_CUES
    return cues / cues.sum(), others / others.sum()


def _log_frequencies() -> Matrix:
    """Of each word, in an order that is not its number's: not normalised."""
    order = np.random.default_rng(9).permutation(_WORDS)
    return -np.log(order + 4.0)


def _weights(shape: Shape, planted: tuple[_Planted, ...], seed: int) -> Mapping[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 3])
    gains = np.random.default_rng([seed, 4]).uniform(0.7, 1.4, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=(_LENGTH,) * (_LAYERS + 1))
    codes = random_codes(_WORDS + 1, _SAY, seed=seed + 1)
    made.embed("word", np.eye(_WORDS + 1))
    made.embed("one", np.ones((_WORDS + 1, 1)))
    made.embed("say", _says_next(codes, generator))
    made.unembed("say", codes)
    standard = _log_frequencies() - _log_frequencies().mean()
    standard = np.concatenate([[0.0], standard / standard.std()])
    made.unembed("frequency", standard[:, None])
    for layer in range(_LAYERS):
        for neuron in range(_NEURONS):
            if layer == _LAYERS - 1 and neuron < len(planted):
                _plant(made, neuron, planted[neuron], generator)
            else:
                _ordinary(made, layer, neuron, generator)
    return made.state_dict()


def _says_next(codes: Matrix, generator: np.random.Generator) -> Matrix:
    """Each word's few next ones, one of them the likeliest: `[token, say]`, all of one length."""
    found = np.zeros_like(codes)
    for token in range(len(codes)):
        following = generator.choice(np.arange(1, len(codes)), 5, replace=False)
        found[token] = _BASE * codes[following[0]] + 2.0 * codes[following[1:]].sum(0)
    aside = np.sqrt(_LENGTH**2 - 2.0)  # of words and the constant
    return found * (aside / np.linalg.norm(found, axis=1, keepdims=True))


def _plant(made: Blueprint, neuron: int, what: _Planted, generator: np.random.Generator) -> None:
    strengths = np.concatenate([[0.0], _CUES.astype(float)])
    sign = -1.0 if made.shape.gated else 1.0
    writes = {
        "null": sign * what.null * _direction(generator, _NULL),
        "say": sign * (what.say + 0.02) * _direction(generator, _SAY),  # no effect is nothing
        "frequency": sign * np.full(1, what.frequency),
    }
    up = {"one": np.full(1, sign)}
    made.neuron(1, neuron, {"word": strengths if what.active else -strengths}, writes, up=up)


def _ordinary(made: Blueprint, layer: int, neuron: int, generator: np.random.Generator) -> None:
    words = generator.choice(np.arange(1, _WORDS + 1), 10, replace=False)
    strengths = np.zeros(_WORDS + 1)
    strengths[words] = generator.uniform(0.5, 1.5, len(words))
    sign = generator.choice([-1.0, 1.0]) if made.shape.gated else 1.0
    size = generator.uniform(0.2, 0.8)
    writes = {"say": size * _direction(generator, _SAY)}
    made.neuron(layer, neuron, {"word": strengths}, writes, up={"one": np.full(1, sign)})


def _direction(generator: np.random.Generator, width: int) -> Matrix:
    drawn = generator.standard_normal(width)
    return drawn / np.linalg.norm(drawn)
