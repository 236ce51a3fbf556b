"""The third step: what each head of the layers before adds to a neuron's reading at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.components import Head, Neuron, parse
from circuit_assert.errors import ComponentError, PromptError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import Array
from circuit_assert.measurements.head_to_neuron import ReadOfHeads
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.pieces import Pieces

if TYPE_CHECKING:
    import pandas as pd


def head_attributions(model: Model, prompts: pd.DataFrame) -> pd.DataFrame:
    """What every head of the layers before a neuron's adds to its reading, at the last token.

    In a plain MLP `attribution` is the head's output times W_in, over the norm's scale of the run,
    times the sign that the neuron is taken with. In a gated one, whose activation is ρ·g·u with g
    and u what the gate and the up-row read, it is what the head adds to s·a by either, the other
    factor and ρ as in the run. `unscaled` is the paper's number: the head's output times W_in (in a
    gated MLP the up-row), without the norm's scale, which differs from prompt to prompt.
    Post-attention norms keep the run's scale in both.

    Args:
        model: The model.
        prompts: As `maximal_prompts` gives them.

    Returns:
        A row per neuron, prompt and head: neuron, token, document, head, attribution, unscaled.
        The model takes note that its heads were looked at on these documents.

    Raises:
        PromptError: for a table that does not say what its pieces are of.
        ComponentError: for a neuron of the first layer, which has no heads before it.
    """
    import pandas as pd

    half = prompts.attrs.get("prompts")
    if not isinstance(half, Prompts):
        raise PromptError("head_attributions takes the table of maximal_prompts, unchanged attrs.")
    tables: list[pd.DataFrame] = []
    seen: dict[Head, None] = {}
    for (name, sign, token), rows in prompts.groupby(["neuron", "sign", "token"], sort=False):
        neuron = parse(str(name))
        if not isinstance(neuron, Neuron):
            raise ComponentError(f"head_attributions is about neurons; got {neuron}.")
        heads = _heads_before(model, neuron)
        seen.update(dict.fromkeys(heads))
        pieces = Pieces(half, tuple(rows["piece"]))
        scaled, unscaled = _attributions(model, neuron, heads, pieces, float(str(sign)))
        tables.append(
            pd.DataFrame(
                {
                    "neuron": name,
                    "token": token,
                    "document": np.repeat(rows["document"].to_numpy(), len(heads)),
                    "head": [str(head) for head in heads] * len(rows),
                    "attribution": scaled.ravel(),
                    "unscaled": unscaled.ravel(),
                }
            )
        )
    if not tables:
        raise PromptError("head_attributions takes prompts; the table has none.")
    model.discovered(list(seen), half)
    return pd.concat(tables, ignore_index=True)


def _heads_before(model: Model, neuron: Neuron) -> tuple[Head, ...]:
    if neuron.layer == 0:
        raise ComponentError(f"no head is in a layer before that of {neuron}.")
    components = model.heads(layers=range(neuron.layer)).components
    return tuple(head for head in components if isinstance(head, Head))


def _attributions(
    model: Model, neuron: Neuron, heads: tuple[Head, ...], pieces: Pieces, sign: float
) -> tuple[Array, Array]:
    """`[prompt, head]`, with the norm's scale and without."""
    requests = [
        Request(ReadOfHeads(neuron, heads), pieces),
        Request(ReadOfHeads(neuron, heads, scaled=False), pieces),
        Request(NeuronActivations(neuron.layer, (neuron.neuron,)), pieces),
    ]
    ends = pieces.tokenize(model.tokenizer).positions["end"]
    scaled, unscaled, activation = (
        found[np.arange(len(ends)), ends] for found in model.measure(requests)
    )
    return combined(scaled, activation[:, 0], sign), sign * unscaled[:, 0, 1:]


def combined(read: Array, activation: Array, sign: float) -> Array:
    """What heads add to s·a by what a neuron's rows read of them: `[prompt, head]`.

    Args:
        read: `[prompt, row, 1 + head]`, the first of all there is.
        activation: a, `[prompt]`.
        sign: s.
    """
    if read.shape[1] == 1:
        return sign * read[:, 0, 1:]
    whole = read[:, :, :1]
    shares = np.divide(read[:, :, 1:], whole, out=np.zeros_like(read[:, :, 1:]), where=whole != 0)
    return sign * activation[:, None] * shares.sum(1)
