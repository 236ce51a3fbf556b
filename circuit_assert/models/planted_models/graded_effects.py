"""Heads that write known numbers of logits for an answer: few of them, all, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.lookup import CUES, lookup_model

if TYPE_CHECKING:
    import torch

_VOCABULARY = lookup_model().vocabulary
_FOUND = 24.0  # attention score of the cue; of the first token, half; else 0
_D_HEAD = CUES


def graded_effects_model(
    name: str,
    effects: Sequence[float],
    *,
    noise: float = 0.3,
    answer: float = 0.0,
    seed: int = 0,
) -> PlantedModel:
    """One layer of heads that each write something for the answer of `lookup_prompts`.

    Head n drops the logit difference by effects[n] on average over the cues, whether it is ablated
    by its mean or by zero, and directly or in all. For one cue it is that and a number of the
    head's own, with the mean 0 over all cues.

    Args:
        name: Models of one name count as one: give other numbers another.
        effects: `[head]`, logits.
        noise: Standard deviation of the numbers over cues, in logits; of each head.
        answer: What the MLP adds to every answer, so that the task is done whatever heads write.
        seed: Draws the numbers.
    """
    shape = Shape(
        parts={"cue": CUES, "first": 1, "one": 1, "say": CUES, "class": 1},
        vocabulary=len(_VOCABULARY),
        layers=1,
        heads=len(effects),
        d_head=_D_HEAD,
        d_mlp=1,
        context=32,
    )
    return PlantedModel(
        name=f"planted-effects-{name}-{noise:g}-{answer:g}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, np.asarray(effects, np.float64), noise, answer, seed),
        vocabulary=_VOCABULARY,
        true={
            f"L0H{head}": f"ablating it drops the logit difference by {effect:g} on average"
            for head, effect in enumerate(effects)
        },
    )


def _weights(
    shape: Shape, effects: Matrix, noise: float, answer: float, seed: int
) -> dict[str, torch.Tensor]:
    drawn = np.random.default_rng(seed).standard_normal((len(effects), CUES))
    drawn -= drawn.mean(1, keepdims=True)
    by_cue = effects[:, None] + noise * drawn / drawn.std(1, keepdims=True)
    made = Blueprint(shape)
    _embed(made)
    for head, written in enumerate(by_cue):
        made.query_always(0, head, _FOUND * np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
        made.key(0, head, "cue", np.ones((CUES, 1)))
        made.key(0, head, "first", np.full((1, 1), 0.5))
        made.value(0, head, "cue", np.eye(CUES, _D_HEAD))
        made.output(0, head, "say", np.diag(written))
    made.neuron(0, 0, {"one": np.ones(1)}, {"class": np.array([answer])})
    return made.state_dict()


def _embed(made: Blueprint) -> None:
    cue, say, kind = (np.zeros((len(_VOCABULARY), n)) for n in (CUES, CUES, 1))
    first = np.eye(len(_VOCABULARY), 1)
    for n, word in enumerate(_VOCABULARY):
        sign = word.startswith(" answer") - 1.0 * word.startswith(" foil")
        if sign:
            say[n, int(word.removeprefix(" answer").removeprefix(" foil"))] = 0.5 * sign
            kind[n] = 0.5 * sign
        elif word.startswith(" cue"):
            cue[n, int(word.removeprefix(" cue"))] = 1.0
    made.embed("cue", cue)
    made.embed("first", first)
    made.embed("one", np.ones((len(_VOCABULARY), 1)))
    made.unembed("say", say)
    made.unembed("class", kind)
