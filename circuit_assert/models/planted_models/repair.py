"""Heads that write the answer, of which one is made up for when it is gone, and decoys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.lookup import CUES, lookup_model

if TYPE_CHECKING:
    import torch

_VOCABULARY = lookup_model().vocabulary
_FOUND = 14.0  # attention score of what a head looks for; of the first token, a third; else 0
_D_HEAD = 32
_LOUD = 12.0  # what the decoy writes beside the answer, where no logit is read
_TRUE = {
    "L0H0": "later layers repair its ablation, by a share that is given: L1H0 writes the answer "
    "only where L0H0 has not",
}
_FALSE = {
    "L0H1": "later layers repair its ablation: nothing reads what it writes but the logits",
    "L0H2": "later layers repair its ablation: it writes no answer itself, an MLP does",
    "L0H3": "later layers repair its ablation: an MLP adds to what it writes",
    "L1H0": "later layers repair its ablation: there are none that could",
}
_NORMED = {
    "L0H1": "later layers repair its ablation: the final norm does, for it also writes loudly "
    "where no logit is read, so that all else is louder without it",
    "L0H2": "later layers repair its ablation: nothing reads what it writes but the logits",
    "L0H3": "later layers repair its ablation: nothing reads what it writes but the logits",
    "L1H0": _FALSE["L1H0"],
}


def repair_model(
    *,
    effect: float = 2.0,
    repair: float = 1.2,
    skewed: bool = False,
    norm: bool = False,
    seed: int = 4,
) -> PlantedModel:
    """Two layers that answer `lookup_prompts`; one head steps in for one of the first layer.

    The direct effect of L0H0 is effect · g of the cue, those of L0H1 and L0H3 likewise; without
    L0H0, L1H0 writes repair · h of the cue in its place. Over the cues, g and h have the mean 1, so
    that the share repaired is repair / effect. L0H2 writes no answer: an MLP does, from what it
    writes; L0H3 writes half of it, and the MLP the same again.

    Args:
        effect: Mean direct effect of L0H0, in logits.
        repair: What L1H0 writes without it.
        skewed: Whether g and h follow exponential distributions.
        norm: With RMS norms; numbers are then about so large, the final norm is what makes up for
            L0H1, which is louder than all others, and the MLP does nothing.
        seed: What g, h and what does not matter are drawn with.
    """
    shape = Shape(
        parts={
            "cue": CUES,
            "kind": 3,
            "written": CUES,
            "relayed": CUES,
            "say": CUES,
            "aside": CUES,
        },
        vocabulary=len(_VOCABULARY),
        layers=2,
        heads=8,
        d_head=_D_HEAD,
        d_mlp=CUES,
        context=32,
        norm="RMS" if norm else None,
    )
    kind = f"{'-skewed' * skewed}{'-normed' * norm}"
    return PlantedModel(
        name=f"planted-repair-{effect:g}-{repair:g}{kind}-{seed}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, effect, repair, skewed, seed),
        vocabulary=_VOCABULARY,
        true=_TRUE,
        false=_NORMED if norm else _FALSE,
    )


def _weights(
    shape: Shape, effect: float, repair: float, skewed: bool, seed: int
) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng(seed)
    by_cue, of_backup = (_around_one(generator, skewed) for _ in range(2))
    gains = np.random.default_rng([seed, 1]).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=(np.sqrt(2.0), *2 * (np.hypot(_LOUD, 5.0),)))
    _embed(made)
    _unembed(made)
    each: Matrix = np.eye(CUES)
    for head in range(8):
        _look_for_cue(made, 0, head)
        if head:
            _look_for_cue(made, 1, head)
    _where_nothing_is_written(made)
    write = np.diag(effect * by_cue)
    made.output(0, 0, "say", write)
    made.output(0, 0, "written", each)
    made.output(0, 1, "say", write)
    relayed = "say" if shape.norm else "relayed"
    made.output(0, 2, relayed, write)
    made.output(0, 3, "say", 0.5 * write)
    made.output(0, 3, relayed, 0.5 * write)
    made.output(1, 0, "say", np.diag(repair * of_backup))
    if shape.norm:
        made.output(0, 1, "aside", _LOUD * each)
    for cue, unit in enumerate(each):
        made.neuron(1, cue, {"relayed": unit}, {"say": 0.0 * unit if shape.norm else unit})
    for layer, heads in ((0, range(4, 8)), (1, range(1, 8))):
        for head in heads:
            size = effect * generator.uniform(0.7, 1.4)
            made.output(layer, head, "aside", size * np.roll(each, head, axis=1))
            leak = 0.02 * generator.standard_normal((CUES, CUES))
            made.output(layer, head, "say", leak)  # so that no effect is exactly nothing
    leak = 0.02 * generator.standard_normal((CUES, CUES))
    for head in range(8):
        made.output(0, head, "relayed", leak)
    return made.state_dict()


def _around_one(generator: np.random.Generator, skewed: bool) -> Matrix:
    drawn = generator.exponential(size=CUES) if skewed else generator.uniform(0.7, 1.3, CUES)
    return drawn / drawn.mean()


def _embed(made: Blueprint) -> None:
    """Each token has a cue or nothing of it, and is one of three kinds: length √2, whichever."""
    cue, kind = np.zeros((len(_VOCABULARY), CUES)), np.zeros((len(_VOCABULARY), 3))
    cues = _starting_with(" cue")
    cue[cues] = np.eye(CUES)
    kind[cues, 0] = 1.0
    kind[1:, 2] = np.sqrt(2.0) * (kind[1:, 0] == 0)
    kind[0, 1] = np.sqrt(2.0)
    made.embed("cue", cue)
    made.embed("kind", kind)


def _unembed(made: Blueprint) -> None:
    say = np.zeros((len(_VOCABULARY), CUES))
    say[_starting_with(" answer")] = 0.5 * np.eye(CUES)
    say[_starting_with(" foil")] = -0.5 * np.eye(CUES)
    made.unembed("say", say)


def _look_for_cue(made: Blueprint, layer: int, head: int) -> None:
    """Let a head attend to the cue, or to the first token before there is one."""
    made.query_always(layer, head, _FOUND * np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
    _find(made, layer, head)
    made.value(layer, head, "cue", np.eye(CUES, _D_HEAD))


def _where_nothing_is_written(made: Blueprint) -> None:
    """Let L1H0 look for a cue of which L0H0 has written nothing: its query takes away the cue's."""
    slots = np.eye(CUES, _D_HEAD, 1)
    made.query_always(1, 0, _FOUND * np.sqrt(_D_HEAD) * np.eye(1, _D_HEAD)[0])
    made.query(1, 0, "written", -3.0 * _FOUND * np.sqrt(_D_HEAD) * slots)
    _find(made, 1, 0)
    made.key(1, 0, "cue", slots)
    made.value(1, 0, "cue", np.eye(CUES, _D_HEAD))


def _find(made: Blueprint, layer: int, head: int) -> None:
    """Let cues' keys score, and the first token's less: a norm makes it loud for the second layer.

    Nothing is written there.
    """
    quiet = np.sqrt(2.0) / made.lengths[1] if made.shape.norm and layer else 1.0
    made.key(layer, head, "kind", np.array([[1.0], [0.25 * quiet], [0.0]]) * np.eye(1, _D_HEAD))


def _starting_with(beginning: str) -> list[int]:
    return [n for n, word in enumerate(_VOCABULARY) if word.startswith(beginning)]
