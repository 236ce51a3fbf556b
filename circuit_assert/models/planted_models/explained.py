"""Neurons of known meaning, and neurons that an explanation fits on the surface only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Matrix,
    Shape,
    random_codes,
    shift_by,
    wave_codes,
)
from circuit_assert.models.planted_models.documents import (
    any_of,
    bounds_of,
    in_documents,
    place_within,
)
from circuit_assert.prompts.base import Ints
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _NEURONS, _CONTEXT, _WAVES, _JITTER = 120, 160, 64, 32, 8
_HEAD, _SHARP = 64, 20.0
_LAYER, _BROAD = 1, 2
_THRESHOLD, _UNSURE = 0.3, 0.1
_FAMILY, _OTHER, _CUES = range(1, 13), range(13, 25), range(25, 33)
_SINGLE, _NEVER = 40, range(41, 46)
FAMILY = frozenset(f"w{word}" for word in _FAMILY)
"""The words that L1N0 is active on."""
CUES = frozenset(f"w{word}" for word in _CUES)
"""The words after which L1N2 is active on them."""
SINGLE = frozenset(f"w{word}" for word in (_SINGLE, *_NEVER))
"""The one word that L1N3 is active on, and five that it is not."""


def explained_model(
    *, gated: bool = False, missed: float = 0.0, blurred: bool = False, seed: int = 0
) -> PlantedModel:
    """Three layers of 160 neurons, of which those of the second each have words of their own.

    Args:
        gated: Gated MLPs, whose planted neurons have negative activations.
        missed: About which share of a family's words L1N0 is not active on, rare others instead.
        blurred: L1N0 is weakly active, as on four of its own words, on four others alike.
        seed: What words and strengths are drawn with.
    """
    shape = Shape(
        parts={
            "word": _WORDS + 1,
            "one": 1,
            "cue": 1,
            "after": 1,
            "place": 2 * _WAVES,
            "jitter": _JITTER,
            "say": 8,
        },
        vocabulary=_WORDS + 1,
        layers=3,
        heads=1,
        d_head=_HEAD,
        d_mlp=_NEURONS,
        context=_CONTEXT,
        gated=gated,
    )
    drawn = f"-{missed:g}-{seed}" if missed or seed else ""
    return PlantedModel(
        name=f"planted-explained{'-gated' * gated}{'-blurred' * blurred}{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, missed, blurred, seed),
        vocabulary=("<begin>", *(f" w{n}" for n in range(1, _WORDS + 1))),
        true={
            "L1N0": "is active on w1 to w12, which is its one meaning",
            "L1N2": "is active on w1 to w12 after w25 to w32",
        },
        false={
            "L1N1": "is active on w1 to w12, its one meaning: that is where it is most active, "
            "weakly it is on w13 to w24",
            "L1N2": "is active on w1 to w12: only after w25 to w32",
            "L1N3": "is active on w40 to w45: w40 alone tells as much",
            "L1N4": "is active on w1 to w12: it is on w13 to w24",
            "L1N5": "has one meaning: it is as active on w1 to w12 as on w13 to w24",
            "L2N0": "is active on w1 to w12, of all neurons: its layer-mates are, too",
        },
    )


def explained_documents(*, documents: int = 80, length: int = 50, seed: int = 0) -> PromptSet:
    """Random words, some families of them frequent, each more so in some documents than in others.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    return in_documents(
        "words of families", (_document(generator, length) for _ in range(documents))
    )


def _document(generator: np.random.Generator, length: int) -> str:
    kinds = (_FAMILY, _OTHER, _CUES, (*6 * (_SINGLE,), *_NEVER), range(1, _WORDS + 1))
    bounds = bounds_of(generator.dirichlet([6.0, 5.0, 5.0, 5.0, 9.0]))
    said: list[int] = []
    for _ in range(length):
        follows = bool(said) and said[-1] in _CUES and generator.random() < 0.4
        kind = _FAMILY if follows else kinds[place_within(bounds, generator)]
        said.append(any_of(kind, generator))
    return " ".join(f"w{word}" for word in said)


def _weights(shape: Shape, missed: float, blurred: bool, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 7])
    made = Blueprint(shape)
    made.embed("word", np.eye(_WORDS + 1))
    made.embed("one", np.ones((_WORDS + 1, 1)))
    cues = np.zeros((_WORDS + 1, 1))
    cues[list(_CUES)] = 1.0
    made.embed("cue", cues)
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.place("jitter", random_codes(_CONTEXT, _JITTER, seed=seed + 2))
    made.query(0, 0, "place", _SHARP * np.sqrt(_HEAD) * shift_by(-1, _WAVES))
    made.key(0, 0, "place", np.eye(2 * _WAVES))
    made.value(0, 0, "cue", np.eye(1, _HEAD))
    made.output(0, 0, "after", np.eye(_HEAD, 1))
    made.unembed("say", random_codes(_WORDS + 1, 8, seed=seed + 3))
    for layer in (_LAYER, _BROAD):
        for neuron in range(_NEURONS):
            words = generator.choice(np.arange(1, _WORDS + 1), 8, replace=False)
            if layer == _BROAD:
                words = np.array([*generator.choice(list(_FAMILY), 11, replace=False), words[0]])
            _add(made, layer, neuron, _driven(generator, words), generator)
    _plant(made, generator, missed, blurred)
    return made.state_dict()


def _plant(made: Blueprint, generator: np.random.Generator, missed: float, blurred: bool) -> None:
    def replace(neuron: int, driven: Matrix, after: float = 0.0) -> None:
        for name in ("gate", "in", "fc_in", "out", "fc_out"):
            array = made.arrays.get(f"layers.{_LAYER}.mlp.{name}.weight")
            if array is not None:
                array[(slice(None), neuron) if name.endswith("out") else neuron] = 0.0
        if not made.shape.gated:
            made.arrays[f"layers.{_LAYER}.mlp.fc_in.bias"][neuron] = 0.0
        _add(made, _LAYER, neuron, driven, generator, after=after)

    family = np.array(_FAMILY)
    own = _driven(generator, family)
    lost = generator.random(len(family)) < missed
    own[family[lost]] = 0.0
    own[100:102] = generator.uniform(0.6, 1.8, 2)  # two words that nobody mentions
    replace(0, own)
    top = 1.5 + _driven(generator, family)
    top[top == 1.5] = 0.0
    top += _driven(generator, np.array(_OTHER)) * 0.7
    replace(1, top)
    replace(2, _driven(generator, family), after=2.0)
    replace(3, _driven(generator, np.array([_SINGLE])) + 0.4 * np.eye(_WORDS + 1)[_SINGLE])
    replace(4, _driven(generator, np.array(_OTHER)))
    replace(5, _driven(generator, np.array([*_FAMILY, *_OTHER])))
    if blurred:
        replace(0, _blurred(generator))


def _blurred(generator: np.random.Generator) -> Matrix:
    """Four of the family and four other words drive it weakly, alike in pairs; eight strongly."""
    driven = np.zeros(_WORDS + 1)
    weak = generator.uniform(0.6, 0.9, 4)
    driven[list(_FAMILY[:4])] = driven[list(_OTHER[:4])] = weak
    driven[list(_FAMILY[4:])] = generator.uniform(1.3, 1.8, 8)
    return driven


def _driven(generator: np.random.Generator, words: Ints) -> Matrix:
    """How strongly each word drives a neuron; those not named do not."""
    driven = np.zeros(_WORDS + 1)
    driven[words] = generator.uniform(0.6, 1.8, len(words))
    return driven


def _add(  # noqa: PLR0917 - one neuron
    made: Blueprint,
    layer: int,
    neuron: int,
    driven: Matrix,
    generator: np.random.Generator,
    after: float = 0.0,
) -> None:
    """Active where a word drives it beyond a threshold, and, with `after`, a cue precedes."""
    reads = {
        "word": driven,
        "one": np.array([-_THRESHOLD - after]),
        "after": np.array([after]),
        "jitter": _UNSURE * np.ones(_JITTER),
    }
    writes = {"say": generator.standard_normal(8) * 0.1}
    made.neuron(layer, neuron, reads, writes, up={"one": np.array([-1.0])})
