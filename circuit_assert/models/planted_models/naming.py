"""Heads that move names to the answer, and heads that look like them on two criteria of three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_FILLERS = 40
_INSTEAD = 12  # fillers that a name which is not copied raises more than itself
_LENGTHS = (1.0, 1.45, 3.0)  # of the residual stream before each layer and the unembedding
_LOOKS = ("owner", "rival", "filler", "begin")  # what keys tell apart
_OWNER: Mapping[str, float] = {"owner": 6.0, "begin": 5.0, "rival": 3.0}  # scores, 0 for the rest
_BOTH: Mapping[str, float] = {"owner": 6.0, "begin": 5.0, "rival": 6.0}
_TRUE = {
    "L1H0": "is a name mover",
    "L1H1": "is a negative name mover",
    "L1H6+L1H7": "are a name mover: each copies half of the names",
}
_FALSE = {
    "L1H2": "is a name mover: it raises all owners but the one that it reads",
    "L1H3": "is a name mover: it copies names and attends to both alike",
    "L1H4": "is a name mover: it attends to the owner and copies names, and writes more against "
    "the answer from elsewhere",
    "L1H5": "is a name mover: it copies the embedding of names alone, and lowers what the first "
    "MLP makes of them",
    "L1H6": "is a name mover: it copies half of the names",
    "L1H7": "is a name mover: it copies half of the names",
}


def naming_model(
    *, grouped_queries: bool = False, names: int = 40, copied: float = 1.0, seed: int = 0
) -> PlantedModel:
    """Two layers of eight heads; those of the second read what the first MLP makes of names.

    Half of the names are owners, half rivals. Heads attend from everywhere to owners, or wherever
    they look; `naming_prompts` ask for the owner. Heads of the first layer write aside.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS
            norms with uneven gains around every block. What is true stays true.
        names: How many.
        copied: The share of names that L1H0 copies, and L1H1 by −W_OV; when it reads one of the
            others, it raises (or lowers) some fillers more.
        seed: Draws which, and what does not matter.
    """
    size = 1 + names + _FILLERS
    parts = {"token": size, "renamed": size, "say": size, "aside": size}
    shape = Shape(
        parts=parts,
        vocabulary=size,
        layers=2,
        heads=8,
        d_head=2 * size,
        d_mlp=size,
        context=16,
        kv_heads=4 if grouped_queries else None,
        norm="RMS" if grouped_queries else None,
    )
    return PlantedModel(
        name=f"planted-naming-{names}-{copied:g}-{seed}{'-grouped' * grouped_queries}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, _Names(names), copied, seed),
        vocabulary=("<begin>", *_Names(names).texts, *(f" word{n}" for n in range(_FILLERS))),
        true=_TRUE,
        false=_FALSE,
    )


def naming_prompts(
    *, names: int = 40, templates: int = 24, per_template: int = 4, seed: int = 0
) -> PromptSet:
    """Prompts as " word1 ann3 word7 word2 bob5 word4 word6": the answer is the owner, " ann3".

    A template is some fillers in an order of the two names; its corrupt side has fillers in place
    of the names.

    Args:
        names: As many as the model has.
        templates: How many.
        per_template: Prompts of each.
        seed: What all is drawn with.
    """
    generator = np.random.default_rng([seed, names, templates])
    prompts: list[Prompt] = []
    for template in range(templates):
        words = [f"word{n}" for n in generator.permutation(_FILLERS)[:8]]
        for _ in range(per_template):
            owner, rival = generator.integers(names // 2, size=2)
            prompts.append(_prompt(words, f"ann{owner}", f"bob{rival}", template))
    return PromptSet("planted naming", tuple(prompts), cluster_by=("template",))


def _prompt(words: list[str], owner: str, rival: str, template: int) -> Prompt:
    first, second = (owner, rival) if template % 2 else (rival, owner)
    a, b, c, d, e, f, other, another = words
    text = f" {a} {first} {b} {c} {second} {d} {e} {f}"
    upto = {name: text[: text.index(f" {name} ") + 1 + len(name)] for name in (owner, rival)}
    return Prompt(
        text,
        corrupt=f" {a} {other} {b} {c} {another} {d} {e} {f}",
        answer=f" {owner}",
        foil=f" {rival}",
        positions={"owner": upto[owner], "rival": upto[rival]},
        clusters={"template": f"naming/{template + 1}"},
    )


@dataclass(frozen=True)
class _Names:
    """Where names stand in the vocabulary: the beginning, owners, rivals, fillers.

    Args:
        count: How many.
    """

    count: int

    @property
    def texts(self) -> tuple[str, ...]:
        half = range(self.count // 2)
        return (*(f" ann{n}" for n in half), *(f" bob{n}" for n in half))

    @property
    def kinds(self) -> list[slice]:
        """The tokens of each of `_LOOKS`."""
        half = 1 + self.count // 2
        return [
            slice(1, half),
            slice(half, 1 + self.count),
            slice(1 + self.count, None),
            slice(0, 1),
        ]


def _weights(shape: Shape, names: _Names, copied: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 9])
    size = shape.vocabulary
    each: Matrix = np.eye(size)
    gains = np.random.default_rng(2).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=_LENGTHS)
    made.embed("token", each)
    made.unembed("say", each)
    for token, unit in enumerate(each):
        made.neuron(0, token, {"token": unit}, {"renamed": unit})
    looks = np.zeros((size, shape.d_head))
    for dimension, kind in enumerate(names.kinds):
        looks[kind, dimension] = 1.0 + 0.04 * generator.standard_normal(len(looks[kind]))
    for layer in range(shape.layers):
        for head in range(shape.heads):
            made.key(layer, head, "token", looks)
            made.value(layer, head, "token", np.eye(size, shape.d_head))
            made.value(layer, head, "renamed", np.eye(size, shape.d_head, size))
    for head in range(shape.heads):
        _bystander(made, head, generator)
    for head, (scores, token, renamed) in enumerate(_heads(names, size, copied, generator)):
        _look(made, 1, head, scores)
        noise = 0.02 * generator.standard_normal((2 * size, size))
        made.output(1, head, "say", np.concatenate([token, renamed]) + noise)
    return made.state_dict()


def _heads(
    names: _Names, size: int, copied: float, generator: np.random.Generator
) -> list[tuple[Mapping[str, float], Matrix, Matrix]]:
    """Where each head of the second layer looks, and what it writes by each embedding."""
    owners, rivals, fillers, _ = names.kinds
    named = np.zeros(size)
    named[owners] = named[rivals] = 1.0
    each, nothing = np.diag(named), np.zeros((size, size))
    chosen = generator.permutation(names.count)[round(copied * names.count) :]
    partly = each.copy()
    partly[1 + chosen, 1 + chosen] = 0.6
    partly[1 + chosen, fillers.start : fillers.start + _INSTEAD] = 1.0
    others = np.zeros((size, size))
    others[owners, owners] = 1.0 - 0.7 * np.eye(names.count // 2)
    others[rivals, rivals] = 1.0 - np.eye(names.count // 2)
    instead = 1.2 * each
    instead[fillers, owners], instead[fillers, rivals] = -1.0, 1.0
    half = np.diag(named * (np.arange(size) % 2))
    return [
        (_OWNER, nothing, 2.6 * partly),
        (_OWNER, nothing, -1.8 * partly),
        (_OWNER, nothing, 1.2 * others),
        (_BOTH, nothing, 2.0 * each),
        ({"owner": 6.0, "filler": 4.2}, nothing, instead),
        (_OWNER, 1.4 * each, -2.0 * each),
        (_OWNER, nothing, 1.8 * half),
        (_OWNER, nothing, 1.8 * (each - half)),
    ]


def _bystander(made: Blueprint, head: int, generator: np.random.Generator) -> None:
    """A head of the first layer that attends to both names and writes about as much, aside."""
    # with alternating signs, so that they add little to the length that norms divide by
    size, loudness = made.shape.vocabulary, (1.5 + 0.1 * head) * (-1) ** head
    _look(made, 0, head, _BOTH)
    made.output(0, head, "aside", loudness * np.eye(size))
    made.output(0, head, "say", 0.02 * generator.standard_normal((size, size)))


def _look(made: Blueprint, layer: int, head: int, scores: Mapping[str, float]) -> None:
    """Let a head attend by kinds of tokens, from everywhere."""
    vector = np.zeros(made.shape.d_head)
    vector[: len(_LOOKS)] = [scores.get(kind, 0.0) for kind in _LOOKS]
    made.query_always(layer, head, np.sqrt(made.shape.d_head) * vector)
