"""A head that tells a name mover, by its queries, which name not to move."""

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
from circuit_assert.models.planted_models.induction import attend_back, words
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_VOCABULARY, _CONTEXT = 80, 64
_NAMES = 40  # the words after the beginning; the rest are fillers
_CODE, _WAVES = 40, 16
_D_HEAD = 48
_FOUND = 9.0  # attention score of a name that is not inhibited; of anything else, 0
_INHIBITED = 12.0  # what inhibiting takes from it
_LOUD = 9.0  # logits for a code written once
_BETWEEN = 6  # fillers of a prompt before the second mention


def inhibiting_model() -> PlantedModel:
    """Two layers of six heads: L1H0 moves the name that L0H0 has not told it to leave.

    L0H0 attends from the word after the second mention back to it and writes the name where
    L1H0's queries read; L1H0 attends to names, less to the one that is written there.
    """
    shape = Shape(
        parts={
            "code": _CODE,
            "place": 2 * _WAVES,
            "name": 1,
            "inhibit": _CODE,
            "say": _CODE,
            "aside": _CODE,
        },
        vocabulary=_VOCABULARY,
        layers=2,
        heads=6,
        d_head=_D_HEAD,
        d_mlp=1,
        context=_CONTEXT,
    )
    return PlantedModel(
        name="planted-inhibiting",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape),
        vocabulary=words(_VOCABULARY),
        true={"L0H0→L1H0.q": "inhibits the subject"},
        false={
            "L0H1→L1H0.q": "inhibits the subject: it reads the same, and writes where no query "
            "reads",
            "L0H2→L1H0.q": "inhibits the subject: it writes where the queries read, and reads "
            "a filler",
            "L0H3→L1H0.q": "inhibits the subject: it writes against the answer itself",
            "L0H0→L1H1.q": "inhibits the subject: L1H1 moves every name alike",
        },
    )


def inhibiting_prompts(
    *, templates: int = 24, per_template: int = 4, names: int = _NAMES, seed: int = 0
) -> PromptSet:
    """Prompts as " w50 w3 w61 w7 w55 w7 w48": the answer is the name that is said once.

    In the corrupt twin it is the other name that is said again. Roles are "IO", "S1", "S2".

    Args:
        templates: How many; each is the order of the names and the fillers between them.
        per_template: Prompts of each, with other names.
        names: Out of how many they are drawn; with few, prompts of a template share names.
        seed: What all is drawn with.
    """
    generator = np.random.default_rng([seed, templates, per_template])
    prompts: list[Prompt] = []
    for template in range(templates):
        gaps = generator.multinomial(_BETWEEN - 3, [1 / 3] * 3) + 1
        fillers = [f"w{n}" for n in generator.permutation(np.arange(_NAMES + 1, _VOCABULARY))]
        for _ in range(per_template):
            io, subject = (f"w{n}" for n in generator.permutation(np.arange(1, names + 1))[:2])
            order = [io, subject] if template % 2 else [subject, io]
            said: list[str] = []
            for gap, name in zip(gaps, [*order, ""], strict=True):
                said += [*fillers[len(said) : len(said) + gap], name]
            frame = f"{' '.join(said).rstrip()} {{}} {fillers[-1]}"
            clean = frame.format(subject)
            prompts.append(
                Prompt(
                    clean,
                    corrupt=frame.format(io),
                    answer=f" {io}",
                    foil=f" {subject}",
                    positions={
                        "IO": _up_to(clean, io, first=True),
                        "S1": _up_to(clean, subject, first=True),
                        "S2": _up_to(clean, subject, first=False),
                    },
                    clusters={"template": f"inhibiting/{template + 1}"},
                )
            )
    return PromptSet("inhibiting", tuple(prompts), cluster_by=("template",))


def _up_to(text: str, word: str, *, first: bool) -> str:
    """The beginning of a text that ends with a word's first, or last, mention."""
    places = [n for n, said in enumerate(text.split(" ")) if said == word]
    return " ".join(text.split(" ")[: (places[0] if first else places[-1]) + 1])


def _weights(shape: Shape) -> dict[str, torch.Tensor]:
    codes = random_codes(_VOCABULARY, _CODE, seed=1)
    codes[0] = 0.0
    is_name = np.zeros((_VOCABULARY, 1))
    is_name[1 : _NAMES + 1] = 1.0
    made = Blueprint(shape)
    made.embed("code", codes)
    made.embed("name", is_name)
    made.place("place", wave_codes(_CONTEXT, _WAVES))
    made.unembed("say", _LOUD * codes)
    writes = {
        0: {"inhibit": 1.0},
        1: {"aside": 1.0},
        2: {"inhibit": 1.0},
        3: {"say": -0.3, "aside": 0.8},
    }
    for head, offset in enumerate((1, 1, 2, 1, 3, 4)):
        attend_back(made, 0, head, offset)
        for part, strength in writes.get(head, {"aside": 1.0}).items():
            made.output(0, head, part, strength * np.eye(_CODE))
    _move_names(made, 0, inhibited=True)
    _move_names(made, 1, inhibited=False)
    for head in (2, 3, 4, 5):
        attend_back(made, 1, head, head)
        made.output(1, head, "aside", np.eye(_CODE))
    made.stir(seed=3)
    return made.state_dict()


def _move_names(made: Blueprint, head: int, *, inhibited: bool) -> None:
    """Let a head of the second layer attend to names, and say them."""
    score = np.sqrt(_D_HEAD)
    flag = np.eye(1, _D_HEAD, _CODE)
    made.query_always(1, head, _FOUND * score * flag[0])
    made.key(1, head, "name", flag)
    made.key(1, head, "code", np.eye(_CODE, _D_HEAD))
    if inhibited:
        made.query(1, head, "inhibit", -_INHIBITED * score * np.eye(_CODE, _D_HEAD))
    made.value(1, head, "code", np.eye(_CODE))
    made.output(1, head, "say", (1.0 if inhibited else 0.2) * np.eye(_CODE))
