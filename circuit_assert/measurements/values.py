"""How large what heads would read at the first place is, against everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site, SiteName
from circuit_assert.errors import HookError
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights
from circuit_assert.measurements.heads import squared_norms_of_outputs
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch

_NAMES: tuple[SiteName, ...] = ("v", "pattern", "z")
_OFF = 0.02  # of the largest z: bfloat16 has three digits


@dataclass(frozen=True)
class ValueNormOfFirst(ReadsOnTheWay):
    """‖v W_O‖ at the first position over its mean at the others: `[unit, layer, head]`.

    What attending there alone would write, by size. Unlike ‖v‖ it does not depend on the basis of
    the values. Where query heads share values, each has an output matrix of its own.
    """

    quantity: ClassVar[str] = "relative norm"

    def __str__(self) -> str:
        return "value norm of the first position"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Values of every layer, and what shows that they are what attention reads."""
        return tuple(Site(layer, name) for layer in range(weights.card.layers) for name in _NAMES)

    def last_layer(self, card: Card) -> int:
        """The last one: a pass serves the claims about all heads."""
        return card.layers - 1

    def reader(self, batch: Batch, weights: Weights) -> ValueReader:
        """What reduces one batch."""
        return ValueReader(weights)


class ValueReader:
    """Takes each layer's values, and checks on them once the layer's `z` has passed.

    Args:
        weights: The model.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._values: torch.Tensor | None = None
        self._pattern: torch.Tensor | None = None
        self._layers: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take `v` `[row, pos, kv_head, d_head]`, `pattern`, or `z` `[row, pos, head, d_head]`.

        Raises:
            HookError: when attention does not read these values.
        """
        match site.name:
            case "v":
                self._values = self._by_query_head(activation.float())
            case "pattern":
                self._pattern = activation.float()
            case _:
                self._check(site, activation.float())
                self._layers[site.layer] = self._relative_norms(site.layer)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer, head]`."""
        import torch

        return torch.stack([self._layers[layer] for layer in sorted(self._layers)], dim=1)

    def _by_query_head(self, values: torch.Tensor) -> torch.Tensor:
        card = self._weights.card
        split = values.reshape(*values.shape[:2], card.kv_heads, -1)
        return split.repeat_interleave(card.heads // card.kv_heads, dim=2)

    def _check(self, site: Site, z: torch.Tensor) -> None:
        import torch

        if self._values is not None and self._pattern is not None:
            read = torch.einsum("hqk,khd->qhd", self._pattern[0], self._values[0])
            if is_what_is_read(read, z[0]):
                return
        raise HookError(
            f"the values of layer {site.layer} are not what its heads read: attention times values "
            f"is not their output, so that nothing can be said of the values' norms."
        )

    def _relative_norms(self, layer: int) -> torch.Tensor:
        assert self._values is not None  # noqa: S101 - checked before
        w_o = self._weights.head_output_weights(layer)
        squared = squared_norms_of_outputs(self._values, w_o)
        norms = squared.clamp(min=0.0).sqrt()
        return norms[:, 0] / norms[:, 1:].mean(1)


def is_what_is_read(read: torch.Tensor, z: torch.Tensor) -> bool:
    """Whether attention times values is what a head's output is made of, but for rounding."""
    return read.shape == z.shape and bool((read - z).abs().max() <= _OFF * z.abs().max())
