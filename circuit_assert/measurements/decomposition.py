"""Logits as a sum of what the embedding, heads and MLPs write, norm scales frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

from circuit_assert.components import Site, SiteName
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, Weights, leaving
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Tokenizer

if TYPE_CHECKING:
    import torch

Part: TypeAlias = Literal["embedding", "heads", "MLPs"]
_POSITIONS = 8  # of each unit, evenly spaced: logits of all tokens are worked out at each
_TOKENS = 16  # the likeliest at each position


@dataclass(frozen=True)
class DecompositionError:
    """By how much the sum of some parts' direct contributions misses the logits: `[unit]`.

    The largest |difference| over eight positions and the 16 likeliest tokens at each, in centred
    logits. Heads are z W_O by the output weights, over the scale of the norm after attention where
    there is one; MLPs are what they add; the final norm's scale is that of the run; biases of
    attention, the final norm and the unembedding count as parts that are always there.

    Args:
        parts: Which are summed.
    """

    parts: tuple[Part, ...] = ("embedding", "heads", "MLPs")
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return f"logits not made of {', '.join(self.parts)}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What the parts write, and the scales after attention."""
        names: list[SiteName] = []
        if "MLPs" in self.parts:
            names.append("mlp_out")
        if "heads" in self.parts:
            names.append("z")
            if weights.has_post_norms:
                names.append("attn_post_scale")
        start = (Site(0, "resid_pre"),) if "embedding" in self.parts else ()
        layers = range(weights.card.layers)
        return (*start, *(Site(layer, name) for layer in layers for name in names))

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def unembedded(self, batch: Batch, card: Card, tokenizer: Tokenizer) -> Ints:
        """Eight positions of each row; none in one that is too short, which its reader refuses."""
        rows = batch.prompts.tokens[batch.side]
        each = [(row, p) for row, u in enumerate(batch.units) for p in _places(len(rows[int(u)]))]
        return leaving(card.layers - 1, np.array(each, np.int64).reshape(-1, 2))

    def reader(self, batch: Batch, weights: Weights) -> DecompositionReader:
        """What reduces one batch."""
        return DecompositionReader(batch, weights)


def _places(length: int) -> list[int]:
    spaced = np.linspace(1, length - 1, min(_POSITIONS, length - 1))
    return np.unique(spaced.round().astype(int)).tolist()


class DecompositionReader:
    """Adds up what parts write at some positions, in float64."""

    def __init__(self, batch: Batch, weights: Weights) -> None:
        if batch.length < 2:
            raise PromptError(
                "a prompt of one token has no position after the beginning: give longer ones."
            )
        self._places = _places(batch.length)
        self._weights = weights
        self._total: torch.Tensor | float = 0.0
        self._attention: dict[int, torch.Tensor] = {}
        self._scales: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one activation, `[row, pos, ...]`."""
        import torch

        here = activation[:, self._places].double()
        match site.name:
            case "z":
                w_o = self._weights.head_output_weights(site.layer).double()
                bias = self._weights.head_output_bias(site.layer)
                self._attention[site.layer] = torch.einsum("rphd,hdm->rpm", here, w_o) + bias
            case "attn_post_scale":
                self._scales[site.layer] = here
            case _:
                self._total = self._total + here

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row]`."""
        import torch

        total = self._total
        for layer, written in self._attention.items():
            total = total + written / self._scales.get(layer, 1.0)
        flat = final[:, self._places].reshape(-1, final.shape[-1])
        tokens = self._weights.top_tokens(flat, min(_TOKENS, self._weights.card.vocabulary))
        rows = self._weights.unembedding(tokens.flatten()).double().view(*tokens.shape, -1)
        total = torch.as_tensor(total, device=final.device).expand_as(final[:, self._places])
        direct = torch.einsum("nm,nkm->nk", total.reshape(len(flat), -1), rows)
        direct = direct / self._weights.final_scale(flat).double()[:, None]
        always = self._weights.centred_logits(torch.zeros_like(flat), tokens)
        missed = direct + always - self._weights.centred_logits(flat, tokens)
        return missed.abs().view(len(final), -1).amax(1).float()
