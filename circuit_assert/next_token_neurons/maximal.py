"""The second step: where neurons are most active, cut to what makes them so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from circuit_assert.components import Neuron, parse
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Ints, Prompts
from circuit_assert.prompts.halves import half_of
from circuit_assert.prompts.pieces import Pieces

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Peak:
    """Where a neuron is most active in a document.

    Args:
        neuron: The neuron.
        sign: Which way its activation is taken.
        token: The token that it is about.
        unit: The document, counted after tokenizing.
        end: The position.
        activation: s·a there.
        begin: The first token that is kept.
    """

    neuron: Neuron
    sign: int
    token: str
    unit: int
    end: int
    activation: float
    begin: int

    @property
    def piece(self) -> tuple[int, int, int]:
        """What is kept of the document."""
        return (self.unit, self.begin, self.end)


def maximal_prompts(
    model: Model,
    neurons: pd.DataFrame,
    *,
    on: Prompts,
    top: int = 20,
    keep: float = 0.8,
    longest: int = 100,
) -> pd.DataFrame:
    """The documents in which each neuron is most active, up to there, and no longer than it takes.

    Of each document up to the neuron's largest s·a, beginnings are cut off as long as more than
    `keep` of it is left, found by binary search: as in the paper, as if a longer piece never had
    less. Pieces of more than `longest` tokens are left out.

    Args:
        model: The model.
        neurons: With columns neuron, sign and token, as `next_token_neurons` gives them.
        on: Documents; only their discovery half is looked at.
        top: How many documents for each neuron; those where s·a is never above zero are none.
        keep: The share of the activation that has to be left.
        longest: In tokens, the beginning token included.

    Returns:
        A row per neuron and document, the most active first: neuron, token, sign, document,
        activation (in the whole document), kept (in the piece), tokens, text, piece (unit, first
        and last token). `attrs["prompts"]` is the half, `attrs["too_long"]` how many are left out.

    Raises:
        ClaimError: for a share that is none.
        ComponentError: for a table without neurons.
        PromptError: for prompts that cannot be halved.
    """
    import pandas as pd

    if not 0 < keep < 1:
        raise ClaimError(f"keep= is a share of the activation, 0 to 1; got {keep:g}.")
    half = half_of(on, "discovery")
    peaks = [_cut(model, half, peak_rows, keep) for peak_rows in _peaks(model, neurons, half, top)]
    tokenized = half.tokenize(model.tokenizer)
    ids = next(iter(tokenized.clusters.values()))
    rows: list[dict[str, object]] = []
    too_long = 0
    for peak, kept in (each for found in peaks for each in found):
        tokens = Pieces(half, (peak.piece,)).tokenize(model.tokenizer).tokens["clean"][0]
        if len(tokens) > longest:
            too_long += 1
            continue
        begin = len(model.tokenizer.beginning)
        rows.append(
            {
                "neuron": str(peak.neuron),
                "token": peak.token,
                "sign": peak.sign,
                "document": ids[peak.unit],
                "activation": peak.activation,
                "kept": kept,
                "tokens": len(tokens),
                "text": "".join(model.tokenizer.piece(int(t)) for t in tokens[begin:]),
                "piece": peak.piece,
            }
        )
    columns = ["neuron", "token", "sign", "document", "activation", "kept"]
    table = pd.DataFrame(rows, columns=[*columns, "tokens", "text", "piece"])
    table.attrs.update(prompts=half, too_long=too_long)
    return table


def _peaks(model: Model, neurons: pd.DataFrame, half: Prompts, top: int) -> list[list[Peak]]:
    """Of each layer, the neurons' largest s·a in each document, the largest first."""
    layers: dict[int, list[tuple[Neuron, int, str]]] = {}
    for row in neurons.to_dict("records"):
        neuron = parse(str(row["neuron"]))
        if not isinstance(neuron, Neuron):
            raise ComponentError(f"maximal_prompts is about neurons; got {neuron}.")
        layers.setdefault(neuron.layer, []).append(
            (neuron, int(cast("int", row["sign"])), str(row["token"]))
        )
    if not layers:
        raise ComponentError("maximal_prompts takes a table of neurons; got none.")
    requests = [
        Request(NeuronActivations(layer, tuple(n.neuron for n, _, _ in of)), half)
        for layer, of in layers.items()
    ]
    found: list[list[Peak]] = []
    for of, activations in zip(layers.values(), model.measure(requests), strict=True):
        peaks: list[Peak] = []
        for column, (neuron, sign, token) in enumerate(of):
            oriented = sign * activations[:, 1:, column]
            ends = 1 + np.nanargmax(oriented, axis=1)
            highest = np.nanmax(oriented, axis=1)
            order = np.argsort(-highest, kind="stable")[:top]
            peaks += [
                Peak(neuron, sign, token, int(u), int(ends[u]), float(highest[u]), 0)
                for u in order
                if highest[u] > 0
            ]
        found.append(peaks)
    return found


def _cut(model: Model, half: Prompts, peaks: list[Peak], keep: float) -> list[tuple[Peak, float]]:
    """Each peak with the latest beginning that keeps enough, and what it keeps."""
    if not peaks:
        return []
    enough = np.array([keep * peak.activation for peak in peaks])
    low = np.full(len(peaks), len(model.tokenizer.beginning))  # keeps enough: the whole
    high = np.array([peak.end for peak in peaks]) + 1  # nothing is left
    kept = np.array([peak.activation for peak in peaks])
    while (high - low > 1).any():
        middle = np.maximum((low + high) // 2, low)
        left = _activations(model, half, peaks, middle)
        holds = left > enough
        open_ = high - low > 1
        kept = np.where(open_ & holds, left, kept)
        low, high = (
            np.where(open_ & holds, middle, low),
            np.where(open_ & ~holds, middle, high),
        )
    return [
        (replace(peak, begin=int(begin)), float(each))
        for peak, begin, each in zip(peaks, low, kept, strict=True)
    ]


def _activations(model: Model, half: Prompts, peaks: list[Peak], begin: Ints) -> np.ndarray:
    """s·a of each peak's neuron at the end of its piece from a beginning on: `[peak]`."""
    where = tuple((p.unit, int(b), p.end) for p, b in zip(peaks, begin, strict=True))
    pieces = Pieces(half, tuple(dict.fromkeys(where)))
    neurons = tuple(dict.fromkeys(peak.neuron.neuron for peak in peaks))
    layer = peaks[0].neuron.layer
    (found,) = model.measure([Request(NeuronActivations(layer, neurons), pieces)])
    ends = pieces.tokenize(model.tokenizer).positions["end"]
    rows = {piece: row for row, piece in enumerate(pieces.where)}
    return np.array(
        [
            peak.sign * found[rows[piece], ends[rows[piece]], neurons.index(peak.neuron.neuron)]
            for peak, piece in zip(peaks, where, strict=True)
        ]
    )
