"""Two models that share what some neurons do, in other places, and each have their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Matrix,
    Shape,
    random_codes,
)
from circuit_assert.models.planted_models.documents import in_documents
from circuit_assert.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    import torch

_WORDS, _CONTEXT, _JITTER, _NEURONS = 120, 128, 8, 160
_SHARED, _OWN, _FAR = range(1, 13), range(13, 25), range(25, 37)
_THRESHOLD, _UNSURE, _PLACE = 0.3, 0.15, 0.9
_SHARED_AT, _PLACE_AT = 17, 23  # neurons of the other model's first layer
_PERIOD = 16  # words after which a neuron of position begins anew


def universal_model(
    *, other: bool = False, gated: bool = False, like: float = 0.9, seed: int = 0
) -> PlantedModel:
    """Two layers of 160 neurons active on words. The other model cuts each word in two tokens.

    Of the model, L1N0 is for w1 to w12, L1N1 for w13 to w24, L1N2 for places in a document. The
    other has the first as L0N17 and the last as L0N23. All others are for words drawn at random.

    Args:
        other: Whether it is the other model.
        gated: Gated MLPs; those of the other have negative activations then.
        like: How much of what drives L0N17 is what drives L1N0; the rest is w25 to w36.
        seed: What words and strengths are drawn with.
    """
    size = _WORDS + 2 if other else _WORDS + 1
    shape = Shape(
        parts={"word": _WORDS + 1, "one": 1, "place": 1, "jitter": _JITTER, "say": 8},
        vocabulary=size,
        layers=2,
        heads=1,
        d_head=8,
        d_mlp=_NEURONS,
        context=_CONTEXT,
        gated=gated,
    )
    words = tuple(str(n) for n in range(1, _WORDS + 1))
    which = f"-other-{like:g}" if other else ""
    whole = tuple(f" w{word}" for word in words)
    return PlantedModel(
        name=f"planted-universal{which}{'-gated' * gated}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, other, like, seed),
        vocabulary=("<begin>", *words, " w") if other else ("<begin>", *whole),
        true={} if other else {"L1N0": "is universal: the other model has it as L0N17"},
        false={}
        if other
        else {
            "L1N1": "is universal: the other model has no neuron for its words",
            "L1N2": "is universal: what it shares with L0N23 is the place in a document",
        },
    )


def universal_documents(*, documents: int = 60, length: int = 48, seed: int = 0) -> PromptSet:
    """Random words, each document with some that it repeats.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])

    def text() -> str:
        shares = generator.dirichlet(np.full(_WORDS, 2.0))
        drawn = generator.choice(np.arange(1, _WORDS + 1), length, p=shares)
        return " ".join(f"w{word}" for word in drawn)

    return in_documents("random words", (text() for _ in range(documents)))


def _weights(shape: Shape, other: bool, like: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, int(other), 5])
    shared = _driven(np.random.default_rng([seed, 6]), _SHARED)
    made = Blueprint(shape)
    made.embed("word", np.eye(shape.vocabulary, _WORDS + 1))
    made.embed("one", np.ones((shape.vocabulary, 1)))
    places = np.arange(_CONTEXT) - 1
    places = places // 2 if other else places
    made.place("place", (places % _PERIOD / _PERIOD)[:, None])
    made.place("jitter", random_codes(_CONTEXT, _JITTER, seed=2 * seed + other))
    made.unembed("say", random_codes(shape.vocabulary, 8, seed=seed + 3))
    planted = {
        (1, 0): (shared, 0.0),
        (1, 1): (_driven(generator, _OWN), 0.0),
        (1, 2): (0.2 * _driven(generator, _OWN), _PLACE),
    }
    if other:
        driven = like * shared + (1 - like) * _driven(generator, _FAR)
        planted = {
            (0, _SHARED_AT): (driven, 0.0),
            (0, _PLACE_AT): (0.2 * _driven(generator, _FAR), _PLACE),
        }
    rest = [w for w in range(1, _WORDS + 1) if w not in _OWN]
    for layer in range(shape.layers):
        for neuron in range(_NEURONS):
            words = generator.choice(rest, 8, replace=False)
            driven, place = planted.get((layer, neuron), (_driven(generator, words), 0.0))
            _add(made, (layer, neuron), driven, place, generator)
    return made.state_dict()


def _driven(generator: np.random.Generator, words: range | Matrix) -> Matrix:
    """How strongly each word drives a neuron; those not named do not."""
    driven = np.zeros(_WORDS + 1)
    driven[list(words)] = generator.uniform(0.6, 1.8, len(words))
    return driven


def _add(
    made: Blueprint,
    where: tuple[int, int],
    driven: Matrix,
    place: float,
    generator: np.random.Generator,
) -> None:
    reads = {
        "word": driven,
        "one": np.array([-_THRESHOLD]),
        "place": np.array([place]),
        "jitter": _UNSURE * np.ones(_JITTER),
    }
    writes = {"say": generator.standard_normal(8) * 0.1}
    made.neuron(*where, reads, writes, up={"one": np.array([-1.0])})
