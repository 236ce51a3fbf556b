"""Models compiled from RASP programs (Weiss et al. 2021; Lindner et al. 2023, tracr).

The weights are kept as their entries that are not zero, one JSON file a program;
`python -m circuit_assert.models.planted_models.rasp.compile` writes them anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from circuit_assert.errors import ModelError
from circuit_assert.models.card import Card
from circuit_assert.models.planted import PlantedModel

if TYPE_CHECKING:
    import torch

COMPILED = ("count", "induction")
"""The programs that are shipped."""


def compiled_model(name: str) -> PlantedModel:
    """A transformer that a compiler made from a program: who does what is known from its source.

    No norms, and one head in each layer. A head whose selector selects nothing attends to the
    beginning. Attention is as sharp as the compiler makes it: a key that is not selected gets up
    to 6 · 10⁻⁵ of it.

    "induction": `after_same = Select(previous_token, tokens, ==)` on what
    `previous = Select(indices, indices - 1, ==)` has brought; says the token after the earlier
    occurrences. "count": `SelectorWidth(Select(tokens, tokens, ==))`; says how often the current
    token has occurred.

    Args:
        name: One of `COMPILED`.

    Raises:
        ModelError: for a program that is not shipped.
    """
    said = compiled(name)
    card = Card(**said["card"], mlp_matrices=2)
    return PlantedModel(
        name=f"compiled-{name}",
        card=card,
        settings=_settings(card),
        weights=lambda: _dense(said["weights"]),
        vocabulary=tuple(said["vocabulary"]),
        true=said["true"],
        false=said["false"],
    )


def compiled(name: str) -> dict[str, Any]:
    """What is kept of a compiled program: "card", "vocabulary", "variables", "weights", truths.

    "variables" says which coordinates of the residual stream hold which variable of the program:
    name → [first, one past the last].

    Raises:
        ModelError: for a program that is not shipped.
    """
    if name not in COMPILED:
        raise ModelError(f"no program {name!r} was compiled: try {' or '.join(COMPILED)}.")
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def _settings(card: Card) -> dict[str, Any]:
    return {
        "n_layers": card.layers,
        "d_model": card.d_model,
        "d_head": card.d_head,
        "n_heads": card.heads,
        "d_mlp": card.d_mlp,
        "n_ctx": card.context,
        "d_vocab": card.vocabulary,
        "act_fn": "relu",
        "normalization_type": None,
    }


def _dense(sparse: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Tensors from their shapes and the entries that are not zero, by flat index."""
    import torch

    tensors: dict[str, torch.Tensor] = {}
    for name, kept in sparse.items():
        array = np.zeros(kept["shape"], np.float32)
        array.flat[kept["at"]] = kept["entries"]
        tensors[name] = torch.from_numpy(array)
    return tensors
