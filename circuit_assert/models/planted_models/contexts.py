"""A neuron that tells what kind of document it reads, and neurons that only look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape, random_codes
from circuit_assert.models.planted_models.documents import any_of
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_COMMON, _OWN = range(1, 41), {"north": range(41, 61), "south": range(61, 81)}
_WORDS, _NEURONS, _CONTEXT, _SAY = 80, 120, 48, 8
_LOUD, _QUIET = 0.5, 0.02
_LIKE = 12  # neurons that write about as much as the planted ones; the others write little
NORTH = "north"
"""The kind of documents that L0N0 tells from others."""


def context_model(*, gated: bool = False, seed: int = 0) -> PlantedModel:
    """One layer that reads how many words so far were of the north, and how many of the south.

    Args:
        gated: Gated MLPs, whose planted neurons have negative activations.
        seed: What words and directions are drawn with.
    """
    shape = Shape(
        parts={"word": _WORDS + 1, "one": 1, "kind": 1, "seen": 1, "lean": 1, "say": _SAY},
        vocabulary=_WORDS + 1,
        layers=1,
        heads=1,
        d_head=4,
        d_mlp=_NEURONS,
        context=_CONTEXT,
        gated=gated,
    )
    drawn = f"-{seed}" if seed else ""
    return PlantedModel(
        name=f"planted-contexts{'-gated' * gated}{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, seed),
        vocabulary=("<begin>", *(f" w{n}" for n in range(1, _WORDS + 1))),
        true={
            "L0N0": "is a context neuron of northern documents: it is active where more words were "
            "of the north than of the south, and makes northern ones likelier",
        },
        false={
            "L0N1": "is a context neuron of northern documents: it is one of southern ones",
            "L0N2": "is a context neuron of northern documents: it is active as L0N0 is, and what "
            "it writes is of no use",
            "L0N3": "is a context neuron of northern documents: it is active on one northern word, "
            "which many northern documents lack",
            "L0N4": "is a context neuron of northern documents: it is active on common words, of "
            "which all have as many",
        },
    )


def context_documents(
    *, documents: int = 120, length: int = 44, mistaken: float = 0.0, seed: int = 0
) -> PromptSet:
    """Common words, and others of the north or of the south, as the "kind" of the document says.

    Args:
        documents: How many; each is a cluster of its own.
        length: Words of each.
        mistaken: Which share of the documents have the words of the other kind.
        seed: What they are drawn with.
    """
    generator = np.random.default_rng([seed, documents, length])
    prompts: list[Prompt] = []
    for number in range(documents):
        kind, other = generator.permutation(list(_OWN)).tolist()
        spoken = other if generator.random() < mistaken else kind
        text = _document(generator, spoken, length)
        prompts.append(Prompt(text, clusters={"document": str(number), "kind": kind}))
    name = "northern and southern documents"
    return PromptSet(name, tuple(prompts), cluster_by=("document",))


def _document(generator: np.random.Generator, kind: str, length: int) -> str:
    other = next(each for each in _OWN if each != kind)
    pools = (list(_COMMON), list(_OWN[kind]), list(_OWN[other]))
    chosen = generator.choice(3, size=length, p=[0.4, 0.5, 0.1])
    return " ".join(f"w{any_of(pools[int(pool)], generator)}" for pool in chosen)


def _weights(shape: Shape, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 11])
    made = Blueprint(shape)
    kinds = np.zeros((_WORDS + 1, 1))
    kinds[list(_OWN["north"])], kinds[list(_OWN["south"])] = 1.0, -1.0
    made.embed("word", np.eye(_WORDS + 1))
    made.embed("one", np.ones((_WORDS + 1, 1)))
    made.embed("kind", kinds)
    made.value(0, 0, "kind", np.eye(1, 4))  # with no queries and keys, the mean of all so far
    made.output(0, 0, "seen", 4.0 * np.eye(4, 1))
    made.unembed("lean", kinds)
    made.unembed("word", _common())
    made.unembed("say", random_codes(_WORDS + 1, _SAY, seed=seed + 1))
    _plant(made, generator)
    return made.state_dict()


def _common() -> Matrix:
    """A little of every word's logit depends on the word before, so that no loss is constant."""
    return 0.1 * np.random.default_rng(3).standard_normal((_WORDS + 1, _WORDS + 1))


def _plant(made: Blueprint, generator: np.random.Generator) -> None:
    lean, few = np.array([_LOUD]), np.zeros(_WORDS + 1)
    few[_OWN["north"][0]] = 1.5
    common = np.zeros(_WORDS + 1)
    common[list(_COMMON)] = generator.uniform(0.7, 1.3, len(_COMMON))
    seen, say = np.array([1.0]), _QUIET * _useless(made)
    planted: list[tuple[dict[str, Matrix], dict[str, Matrix]]] = [
        ({"seen": seen}, {"lean": lean}),
        ({"seen": -seen}, {"lean": -lean}),
        ({"seen": seen}, {"say": say}),
        ({"word": few}, {"lean": lean}),
        ({"word": common}, {"lean": 0.2 * lean}),
    ]
    for neuron, (reads, writes) in enumerate(planted):
        _add(made, neuron, reads, writes, 0.1)
    for neuron in range(len(planted), _NEURONS):
        words = np.zeros(_WORDS + 1)
        words[generator.choice(np.arange(1, _WORDS + 1), 30, replace=False)] = 1.5
        size = _LOUD if neuron < len(planted) + _LIKE else _QUIET
        direction = generator.standard_normal(_SAY)
        direction *= size / np.linalg.norm(direction)
        _add(made, neuron, {"word": words}, {"say": direction}, 0.1)


def _useless(made: Blueprint) -> Matrix:
    """What raises the logits of no kind's words on average, nor of common ones: `[width]`."""
    codes = made.arrays["head.weight"][:, made.shape.where("say")]
    means = np.stack([codes[list(pool)].mean(0) for pool in (_COMMON, *_OWN.values())])
    return np.linalg.svd(means)[2][-1]


def _add(
    made: Blueprint,
    neuron: int,
    reads: dict[str, Matrix],
    writes: dict[str, Matrix],
    threshold: float,
) -> None:
    """A neuron with a threshold, which in gated MLPs reads a part that is always one."""
    reads = {**reads, "one": np.array([-threshold])}
    if made.shape.gated:
        writes = {part: -vector for part, vector in writes.items()}
    made.neuron(0, neuron, reads, writes, up={"one": np.array([-1.0])})
