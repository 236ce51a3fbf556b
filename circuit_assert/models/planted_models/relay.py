"""A circuit of five edges: what follows a token is found by what stood before it, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import (
    Blueprint,
    Shape,
    random_codes,
    wave_codes,
)
from circuit_assert.models.planted_models.induction import attend_back, attend_inductively, words
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_VOCABULARY, _CONTEXT = 80, 64
_CODE, _WAVES = 40, 16
_LOUD = 9.0  # logits for a code written once
_BY_MLP = 0.6  # of what is said; the rest is said by the head itself
_LAYERS, _HEADS = 3, 6
_BETWEEN = 7  # words of a prompt that are neither asked about nor said

RELAY = (
    "embedding -> L0H0.v",
    "L0H0 -> L1H0.k",
    "L1H0 -> L2.mlp",
    "L2.mlp -> logits",
    "L1H0 -> logits",
)
"""The edges by which `relay_model` does `relay_prompts`."""


def relay_model(*, grouped_queries: bool = False) -> PlantedModel:
    """Three layers of six heads: a token is carried over five edges, and no other edge matters.

    L0H0 writes the previous token beside the current one; L1H0 attends to the token whose
    predecessor is the current one, and writes it where both the last MLP and the unembedding read;
    the MLP passes on three fifths of the answer. On `relay_prompts` only that differs between a
    prompt and its twin which L0H0's values read.

    Args:
        grouped_queries: The same with keys and values shared by pairs of heads: L1H1 then attends
            as L1H0 does, whatever it is asked for.
    """
    shape = Shape(
        parts={
            "code": _CODE,
            "place": 2 * _WAVES,
            "previous": _CODE,
            "say": _CODE,
            "out": _CODE,
            "aside": _CODE,
            "sink": 1,
        },
        vocabulary=_VOCABULARY,
        layers=_LAYERS,
        heads=_HEADS,
        d_head=48,
        d_mlp=2 * _CODE,
        context=_CONTEXT,
        kv_heads=_HEADS // 2 if grouped_queries else None,
    )
    return PlantedModel(
        name="planted-relay-grouped" if grouped_queries else "planted-relay",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape),
        vocabulary=words(_VOCABULARY),
        true={
            "L0H0→L1H0.k": "carries what L1H0 attends by",
            "L1H0→L2.mlp": f"carries {_BY_MLP:.0%} of the answer, L1H0→logits the rest",
        },
        false={
            "L0H0→L1H1.k": "matters: L1H1 attends by it, and writes where nothing reads",
            "L0H1→L1H0.k": "matters: L0H1 writes as much, and L1H0's keys do not read it",
            "L0H0→logits": "matters: no logit reads what L0H0 writes",
        },
    )


def relay_prompts(*, templates: int = 24, per_template: int = 4, seed: int = 0) -> PromptSet:
    """Prompts as " w3 A x w9 B y w5 A", of which x is the answer and y the foil.

    In the corrupt twin A and B have changed places before x and y, so that y is the answer.

    Args:
        templates: How many; each is the lengths of what stands between.
        per_template: Prompts of each, with other words.
        seed: What all is drawn with.
    """
    generator = np.random.default_rng([seed, templates, per_template])
    prompts: list[Prompt] = []
    for template in range(templates):
        gaps = [*generator.integers(1, 4, 2).tolist()]
        gaps.append(_BETWEEN - sum(gaps))
        for _ in range(per_template):
            a, b, x, y, *rest = (f"w{n}" for n in generator.permutation(np.arange(1, _VOCABULARY)))
            first, second, third = (
                " ".join(rest[_BETWEEN * i : _BETWEEN * i + gap]) for i, gap in enumerate(gaps)
            )
            frame = f"{first} {{}} {x} {second} {{}} {y} {third} {a}"
            prompts.append(
                Prompt(
                    frame.format(a, b),
                    corrupt=frame.format(b, a),
                    answer=f" {x}",
                    foil=f" {y}",
                    clusters={"template": f"relay/{template + 1}"},
                )
            )
    return PromptSet("relay", tuple(prompts), cluster_by=("template",))


def _weights(shape: Shape) -> dict[str, torch.Tensor]:
    codes = random_codes(_VOCABULARY, _CODE, seed=1)
    codes[0] = 0.0
    made = Blueprint(shape)
    made.embed("code", codes)
    made.embed("sink", np.eye(_VOCABULARY)[:, :1])
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", (1.0 - _BY_MLP) * _LOUD * codes)
    made.unembed("out", _BY_MLP * _LOUD * codes)
    attend_back(made, 0, 0, 1)
    _write(made, 0, 0, "previous")
    for head in range(1, _HEADS):
        attend_back(made, 0, head, 1 + head)
        _write(made, 0, head, "aside")
    for layer, head, offset in ((1, 2, 1), (1, 4, 2), (2, 0, 1), (2, 2, 2)):
        attend_back(made, layer, head, offset)
        _write(made, layer, head, "aside")
    if not shape.kv_heads:
        for layer, head in ((1, 3), (1, 5), (2, 1), (2, 3), (2, 4)):
            attend_inductively(made, layer, head)
            _write(made, layer, head, "aside")
    for head in (0, 1):
        attend_inductively(made, 1, head)
    _write(made, 1, 0, "say")
    _write(made, 1, 1, "aside")
    for unit, vector in enumerate(np.eye(_CODE)):
        made.neuron(2, 2 * unit, {"say": vector}, {"out": vector})
        made.neuron(2, 2 * unit + 1, {"say": -vector}, {"out": -vector})
    made.stir(seed=3)
    return made.state_dict()


def _write(made: Blueprint, layer: int, head: int, part: str) -> None:
    made.output(layer, head, part, np.eye(_CODE))
