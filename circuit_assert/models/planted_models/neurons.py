"""Next-token neurons, and neurons that look like them on one criterion only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.documents import any_of
from circuit_assert.prompts.base import Ints
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _SAY, _NEURONS, _LAYERS = 160, 96, 160, 4
_LAYER = 2
_CONTEXT, _JITTER = 64, 8
_SEED = 5
_FAMILY = 8  # words after which a token follows
_LOUD = 5.0  # logits that an activation of 1 adds


@dataclass(frozen=True)
class _Planted:
    """One planted neuron: which token, and which of the criteria it meets."""

    token: int
    congruent: bool = True
    active: bool = True
    erased: bool = False

    @property
    def before(self) -> range:
        """The words after which the token follows."""
        first = 10 + self.token * _FAMILY
        return range(first, first + _FAMILY)


_PLANTED = (
    _Planted(1),
    _Planted(2, active=False),
    _Planted(3, congruent=False),
    _Planted(4, erased=True),
)
TOKENS = tuple(f" w{planted.token}" for planted in _PLANTED)
"""The tokens that the neurons L2N0 to L2N3 are about, in order."""


def neuron_model(
    *,
    gated: bool = False,
    jitter: float = 0.0,
    indiscriminate: bool = False,
    seed: int = _SEED,
) -> PlantedModel:
    """Four layers of 160 neurons: one next-token neuron, and a decoy for each of its criteria.

    On `neuron_documents`, each of four tokens often follows eight words of its own. The other
    neurons are active after five random words each and write in random directions, as loudly.

    Args:
        gated: Gated MLPs, with the planted neurons' activations negative: their output weights
            point away from their token, and it is the negated neuron that promotes it.
        jitter: How much the position, which says nothing of what follows, moves the activation of
            L2N0: the standard deviation, a word that drives it moving it by 0.5 to 1.5.
        indiscriminate: Whether any word may drive L2N0, and L2N4 promotes its token instead.
        seed: What is drawn with it: how strongly words drive each neuron, where it writes.
    """
    shape = Shape(
        parts={"word": _WORDS + 1, "one": 1, "note": 1, "say": _SAY, "jitter": _JITTER},
        vocabulary=_WORDS + 1,
        layers=_LAYERS,
        heads=2,
        d_head=8,
        d_mlp=_NEURONS,
        context=_CONTEXT,
        gated=gated,
    )
    return PlantedModel(
        name=_name(gated, jitter, indiscriminate, seed),
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, jitter, indiscriminate, seed),
        vocabulary=("<begin>", *(f" w{n}" for n in range(1, _WORDS + 1))),
        true={"L2N0": "promotes w1: congruent with it, active before it, and the logit needs it"},
        false={
            "L2N1": "promotes w2: it is congruent, and never active",
            "L2N2": "promotes w3: it is active before it, and writes something else",
            "L2N3": "promotes w4: congruent and active, and L3N0 takes away what it wrote",
        },
    )


def _name(gated: bool, jitter: float, indiscriminate: bool, seed: int) -> str:
    drawn = f"-{jitter:g}{'-indiscriminate' * indiscriminate}-{seed}"
    usual = not (jitter or indiscriminate) and seed == _SEED
    return f"planted-neurons{'-gated' * gated}{'' if usual else drawn}"


def neuron_documents(*, documents: int = 40, length: int = 60, seed: int = 0) -> PromptSet:
    """Random words in which each token often follows words of its own.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    prompts = tuple(
        Prompt(_document(generator, length), clusters={"document": str(number)})
        for number in range(documents)
    )
    return PromptSet("random words", prompts, cluster_by=("document",))


def _document(generator: np.random.Generator, length: int) -> str:
    follows = {word: p.token for p in _PLANTED for word in p.before}
    before = list(follows)
    said: list[int] = []
    for _ in range(length):
        token = follows.get(said[-1]) if said else None
        if token is not None and generator.random() < 0.6:
            said.append(token)
        elif generator.random() < 0.45:
            said.append(any_of(before, generator))
        else:
            said.append(int(generator.integers(1, _WORDS + 1)))
    return " ".join(f"w{word}" for word in said)


def _weights(
    shape: Shape, jitter: float, indiscriminate: bool, seed: int
) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng(seed)
    codes = random_codes(_WORDS + 1, _SAY, seed=seed + 1)
    codes[0] = 0.0
    made = Blueprint(shape)
    made.embed("word", np.eye(_WORDS + 1))
    made.embed("one", np.ones((_WORDS + 1, 1)))
    made.unembed("say", codes)
    for layer in range(_LAYERS):
        for neuron in range(_NEURONS):
            words = generator.choice(np.arange(1, _WORDS + 1), 5, replace=False)
            direction = generator.standard_normal(_SAY) / np.sqrt(_SAY)
            sign = generator.choice([-1.0, 1.0]) if shape.gated else 1.0
            strengths = _strengths(generator, words)
            if layer == _LAYER and neuron < len(_PLANTED):
                _plant(
                    made,
                    neuron,
                    _PLANTED[neuron],
                    generator=generator,
                    codes=codes,
                    elsewhere=direction,
                )
            elif (layer, neuron) != (_LAYER + 1, 0):
                loudness = 0.8 * _LOUD if layer == _LAYER else 0.2 * _LOUD
                writes = {"say": loudness * direction}
                _add_neuron(made, layer, neuron, strengths=strengths, writes=writes, sign=sign)
    note = {"say": -_LOUD * codes[_PLANTED[3].token]}
    made.neuron(_LAYER + 1, 0, {"note": np.ones(1)}, note, up={"one": np.ones(1)})
    made.place("jitter", random_codes(_CONTEXT, _JITTER, seed=seed + 2))
    _read_jitter(made, jitter)
    if indiscriminate:
        _drive_by_any_word(made, generator)
    return made.state_dict()


def _plant(
    made: Blueprint,
    neuron: int,
    planted: _Planted,
    *,
    generator: np.random.Generator,
    codes: Matrix,
    elsewhere: Matrix,
) -> None:
    strengths = _strengths(generator, np.array(planted.before))
    if not planted.active:
        strengths = -strengths
    sign = -1.0 if made.shape.gated else 1.0
    direction = codes[planted.token] if planted.congruent else elsewhere
    writes = {"say": sign * _LOUD * direction}
    if planted.erased:
        writes["note"] = np.full(1, sign)
    _add_neuron(made, _LAYER, neuron, strengths=strengths, writes=writes, sign=sign)


def _read_jitter(made: Blueprint, jitter: float) -> None:
    """Position codes of length one: each coordinate has a variance of one in their number."""
    made.neuron(_LAYER, 0, {"jitter": jitter * np.ones(_JITTER)}, {})


def _drive_by_any_word(made: Blueprint, generator: np.random.Generator) -> None:
    """Give what drives L2N0 to L2N4, which then promotes its token, and any words to L2N0."""
    reads = made.arrays[f"layers.{_LAYER}.mlp.fc_in.weight"]
    writes = made.arrays[f"layers.{_LAYER}.mlp.fc_out.weight"]
    reads[len(_PLANTED)], writes[:, len(_PLANTED)] = reads[0], writes[:, 0]
    words = made.shape.where("word")
    reads[0, words] = 0.02 + 1.5 * generator.random(_WORDS + 1) ** 4
    reads[0, words.start] = 0.0


def _strengths(generator: np.random.Generator, words: Ints) -> Matrix:
    """How strongly each word drives a neuron: some much, the others hardly."""
    driven = generator.uniform(0.0, 0.02, _WORDS + 1)
    driven[words] = generator.uniform(0.5, 1.5, len(words))
    driven[0] = 0.0
    return driven


def _add_neuron(
    made: Blueprint,
    layer: int,
    neuron: int,
    *,
    strengths: Matrix,
    writes: dict[str, Matrix],
    sign: float,
) -> None:
    made.neuron(layer, neuron, {"word": strengths}, writes, up={"one": np.array([sign])})
