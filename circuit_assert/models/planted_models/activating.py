"""Heads that make next-token neurons active, and heads that only look so."""

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
from circuit_assert.models.planted_models.documents import any_of, in_documents
from circuit_assert.models.planted_models.induction import words
from circuit_assert.prompts.base import Ints
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _SAY, _NEURONS, _HEADS, _WAVES = 64, 96, 128, 8, 16
_CONTEXT = 64
_SHARP, _LOUD = 24.0, 5.0
_CUES = (range(10, 18), range(20, 28))  # what drives the two planted neurons
_LITTLE = 0.04  # of what L0H3 adds to L1N1, it adds to L1N0
_CONSTANT = 0.4
READ_TOKENS = (" w1", " w2")
"""The tokens that L1N0 and L1N1 are about."""


def activating_model(*, gated: bool = False, norm: bool = False, seed: int = 5) -> PlantedModel:
    """Two layers: heads that read the words before, and 128 neurons that read heads or the word.

    On `activating_documents`, w1 often follows two places after each of eight words, w2 three
    places after each of eight others.

    Args:
        gated: Gated MLPs, the planted neurons' activations negative, and so what they write.
        norm: Whether RMS norms stand before every block.
        seed: What is drawn with it.
    """
    shape = Shape(
        parts={
            "word": _WORDS + 1,
            "one": 1,
            "place": 2 * _WAVES,
            "before": _WORDS + 1,
            "before that": _WORDS + 1,
            "aside": _WORDS + 1,
            "say": _SAY,
        },
        vocabulary=_WORDS + 1,
        layers=2,
        heads=_HEADS,
        d_head=_WORDS + 1,
        d_mlp=_NEURONS,
        context=_CONTEXT,
        norm="RMS" if norm else None,
        gated=gated,
    )
    drawn = "" if seed == 5 else f"-{seed}"
    return PlantedModel(
        name=f"planted-activating{'-gated' * gated}{'-normed' * norm}{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, seed),
        vocabulary=words(_WORDS + 1),
        true={
            "L0H0→L1N0": "activates it: it writes the word before, which drives the neuron",
            "L0H3→L1N1": "activates it: it writes the word two before",
        },
        false={
            "L0H1→L1N0": "activates it: it attends as L0H0 does, and writes where nothing reads",
            "L0H2→L1N0": "activates it: it always adds the same",
            "L0H3→L1N0": "activates it by a tenth: it adds less",
            "L0H0→L1N1": "activates it: that neuron reads what L0H3 writes",
        },
    )


def activating_documents(*, documents: int = 40, length: int = 60, seed: int = 0) -> PromptSet:
    """Random words in which w1 often follows two places after words of its own, w2 three.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    texts = (_document(generator, length) for _ in range(documents))
    return in_documents("random words", texts)


def _document(generator: np.random.Generator, length: int) -> str:
    both, said = [*_CUES[0], *_CUES[1]], list[int]()
    for _ in range(length):
        later = [said[-2 - n] in cues if len(said) > 1 + n else False for n, cues in _each_cue()]
        if any(later) and generator.random() < 0.6:
            said.append(1 + later.index(True))
        elif generator.random() < 0.35:
            said.append(any_of(both, generator))
        else:
            said.append(int(generator.integers(1, _WORDS + 1)))
    return " ".join(f"w{word}" for word in said)


def _each_cue() -> list[tuple[int, range]]:
    return list(enumerate(_CUES))


def _weights(shape: Shape, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng(seed)
    codes = random_codes(_WORDS + 1, _SAY, seed=seed + 1)
    codes[0] = 0.0
    made = Blueprint(shape, gains=np.ones(shape.d_model), lengths=(2.0, 3.0, 6.0))
    made.embed("word", np.eye(_WORDS + 1))
    made.embed("one", np.ones((_WORDS + 1, 1)))
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", codes)
    for head, (back, part) in enumerate(
        [
            (1, "before"),
            (1, "aside"),
            (0, ""),
            (2, "before that"),
            *((n, "aside") for n in range(3, 7)),
        ]
    ):
        _look_back(made, head, back)
        if part:
            made.value(0, head, "word", np.eye(_WORDS + 1))
            made.output(0, head, part, np.eye(_WORDS + 1))
    driven = [_strengths(generator, np.array(cues)) for cues in _CUES]
    _write_always(made, 2, driven[0])
    sign = -1.0 if shape.gated else 1.0
    for neuron in range(_NEURONS):
        if neuron < len(_CUES):
            reads = {("before", "before that")[neuron]: driven[neuron]}
            if neuron == 0:
                reads["before that"] = _LITTLE * driven[1]
            direction, along = codes[1 + neuron], sign
        else:
            part = generator.choice(["word", "before", "before that"], p=[0.8, 0.1, 0.1])
            some = generator.choice(np.arange(3, _WORDS + 1), 5, replace=False)
            reads = {part: 0.3 * _strengths(generator, some)}
            reads["word"] = reads.get("word", 0.0) + 0.5 * _strengths(generator, some)
            direction = generator.standard_normal(_SAY) / np.sqrt(_SAY)
            along = generator.choice([-1.0, 1.0]) if shape.gated else 1.0
        writes = {"say": along * _LOUD * direction}
        made.neuron(1, neuron, reads, writes, up={"one": np.array([along])})
    return made.state_dict()


def _look_back(made: Blueprint, head: int, back: int) -> None:
    sharp = _SHARP * np.sqrt(made.shape.d_head)
    made.query(0, head, "place", sharp * shift_by(-back, _WAVES))
    made.key(0, head, "place", np.eye(2 * _WAVES))


def _write_always(made: Blueprint, head: int, driven: Matrix) -> None:
    """Add to what the first planted neuron reads, the same everywhere."""
    made.value(0, head, "one", np.eye(1, made.shape.d_head))
    along = np.zeros((1, _WORDS + 1))
    along[0] = _CONSTANT * driven / (driven @ driven)
    made.output(0, head, "before", along)


def _strengths(generator: np.random.Generator, some: Ints) -> Matrix:
    """How strongly each word drives a neuron: some much, the others hardly."""
    driven = generator.uniform(0.0, 0.02, _WORDS + 1)
    driven[some] = generator.uniform(0.5, 1.5, len(some))
    driven[0] = 0.0
    return driven
