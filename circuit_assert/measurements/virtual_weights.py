"""What later neurons read of what earlier ones write: weights that no matrix holds by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from circuit_assert.components import Neuron
from circuit_assert.measurements.base import Array, Weights

if TYPE_CHECKING:
    import torch

Row: TypeAlias = Literal["in", "gate", "up"]


@dataclass(frozen=True)
class VirtualWeights:
    """Cosines of written and read directions, and how much is written or read: `[3, d_mlp, 2]`.

    First, of one earlier neuron with every neuron of the later layer; second, of every neuron of
    the earlier layer with one later neuron: the cosine of what is written and the row that reads,
    and the norm of the one that varies. Third, in row 0, the pair's own cosine and product. Gains
    of norms are folded in.

    Args:
        earlier: The neuron that writes.
        later: The neuron that reads.
        row: By which row it reads.
    """

    earlier: Neuron
    later: Neuron
    row: Row
    quantity: ClassVar[str] = "cosine"

    def __str__(self) -> str:
        return f"virtual weights of {self.earlier} and {self.later} by {self.row}"

    def compute(self, weights: Weights) -> Array:
        """The cosines and norms; NaN cosines where a neuron writes or reads nothing."""
        import torch

        written = weights.neuron_output_weights(self.earlier.layer).double()
        which = "gate" if self.row == "gate" else "in"
        read = weights.neuron_input_weights(self.later.layer, which).double()
        one, other = written[self.earlier.neuron], read[self.later.neuron]
        own = torch.zeros(len(written), 2, dtype=torch.float64, device=written.device)
        own[0, 0], own[0, 1] = _cosines(one[None], other)[0], one @ other
        return (
            torch.stack(
                [
                    torch.stack([_cosines(read, one), read.norm(dim=-1)], dim=-1),
                    torch.stack([_cosines(written, other), written.norm(dim=-1)], dim=-1),
                    own,
                ]
            )
            .cpu()
            .numpy()
        )


def _cosines(rows: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    return (rows @ vector) / (rows.norm(dim=-1) * vector.norm())
