"""What a neuron reads of each head below it: head attribution, with the norm's scale or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Head, Neuron, Site
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ReadOfHeads(ReadsOnTheWay):
    """What a neuron's rows read of heads, and of all there is: `[unit, pos, row, 1 + head]`.

    Rows are W_in's, or of a gated neuron the up-row's and the gate's, in this order. The first
    number is the reading of the whole residual stream, without the bias; the others are the heads'
    parts of it. The scales of the norm before the MLP, and of the post-attention norm where there
    is one, are those of the run (frozen).

    Args:
        neuron: The neuron.
        heads: Heads of layers up to its own.
        scaled: False leaves out the scale of the norm before the MLP, as Neo et al. do.
    """

    neuron: Neuron
    heads: tuple[Head, ...]
    scaled: bool = True
    quantity: ClassVar[str] = "reading"

    def __str__(self) -> str:
        how = "" if self.scaled else ", without the norm's scale"
        return f"what {self.neuron} reads of {len(self.heads)} heads{how}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """`z` of the heads' layers, their post-attention scales, and what the MLP reads."""
        layers = sorted({head.layer for head in self.heads})
        scales = [Site(layer, "attn_post_scale") for layer in layers if weights.has_post_norms]
        heads = [Site(layer, "z") for layer in layers]
        return (*heads, *scales, Site(self.neuron.layer, "mlp_read"))

    def last_layer(self, card: Card) -> int:
        """The neuron's."""
        return self.neuron.layer

    def reader(self, batch: Batch, weights: Weights) -> ReadOfHeadsReader:
        """What reduces one batch."""
        return ReadOfHeadsReader(self, weights)


class ReadOfHeadsReader:
    """Projects what heads write onto the rows that a neuron reads by.

    Args:
        what: The measurement.
        weights: The model.
    """

    def __init__(self, what: ReadOfHeads, weights: Weights) -> None:
        self._what, self._weights = what, weights
        self._rows = rows_of(what.neuron, weights)
        self._written: dict[int, torch.Tensor] = {}
        self._post_scales: dict[int, torch.Tensor] = {}
        self._stream: torch.Tensor | None = None

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take `z` `[row, pos, head, d_head]`, a scale `[row, pos, 1]`, or what the MLP reads."""
        import torch

        match site.name:
            case "z":
                w_o = self._weights.head_output_weights(site.layer)
                by_head = torch.einsum("hdm,wm->whd", w_o, self._rows)
                read = torch.einsum("rphd,whd->rpwh", activation.float(), by_head)
                self._written[site.layer] = read
            case "attn_post_scale":
                self._post_scales[site.layer] = activation.float()[..., None]
            case _:
                self._stream = activation.float()

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, pos, row of the neuron, 1 + head]`."""
        import torch

        assert self._stream is not None  # noqa: S101 - the backend raises when a site is silent
        parts = [torch.einsum("rpm,wm->rpw", self._stream, self._rows)]
        for head in self._what.heads:
            layer = self._written[head.layer] / self._post_scales.get(head.layer, 1.0)
            parts.append(layer[..., head.head])
        read = torch.stack(parts, dim=-1)
        if not self._what.scaled:
            return read
        return read / self._weights.final_scale(self._stream)[..., None, None]


def rows_of(neuron: Neuron, weights: Weights) -> torch.Tensor:
    """What a neuron reads by, `[row, d_model]`: W_in's row, then of a gated one the gate's."""
    import torch

    names = ("in", "gate") if weights.has_gated_mlps else ("in",)
    rows = [weights.neuron_input_weights(neuron.layer, name)[neuron.neuron] for name in names]
    return torch.stack(rows)
