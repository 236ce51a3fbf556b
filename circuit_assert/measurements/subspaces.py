"""Subspaces of the residual stream that components write into and read from, from weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

from circuit_assert.components import MLP, Head, Neuron
from circuit_assert.measurements.base import Array, Weights

if TYPE_CHECKING:
    import torch

Reads: TypeAlias = Literal["K", "Q", "V"]
_NOTHING = 1e-5  # of the largest singular value: weights are float32 at best


@dataclass(frozen=True)
class SubspaceOverlap:
    """Mean squared cosine of the principal angles of two subspaces, and by chance: `[2 + draw]`.

    ‖VᵀU‖² / k, V spanning what is written and U what is read, k the smaller dimension; gains of
    norms folded in. First its value, then that of independent subspaces, then with random
    rotations of what is written. NaN where one is empty or the whole residual stream.

    Args:
        writers: Components whose writing is taken together.
        reader: The head that reads.
        via: Its queries, keys or values.
        draws: How many rotations.
    """

    writers: tuple[Head | Neuron | MLP, ...]
    reader: Head
    via: Reads
    draws: int
    quantity: ClassVar[str] = "overlap"

    def __str__(self) -> str:
        written = "+".join(map(str, self.writers))
        return f"overlap of what {written} writes and {self.reader} reads through {self.via}"

    def compute(self, weights: Weights) -> Array:
        """The overlaps."""
        import torch

        written = _span(torch.cat([_written(weights, one) for one in self.writers]))
        which = self.via.lower()
        rows = weights.head_input_weights(self.reader.layer, which)[self.reader.head]  # pyright: ignore[reportArgumentType]
        read = _span(rows.T)
        (width, _), size = written.shape, weights.card.d_model
        smaller, larger = sorted((width, len(read)))
        if not 0 < smaller <= larger < size:
            return np.full(2 + self.draws, np.nan)
        by_chance = _by_chance(size, width, len(read), self.draws)
        return np.array([_overlap(written, read), larger / size, *by_chance])


@lru_cache(maxsize=16)
def _by_chance(size: int, width: int, other: int, draws: int) -> tuple[float, ...]:
    """Overlaps of random subspaces with any one: which it is makes no difference to them.

    Args:
        size: Of the whole space.
        width: Of the random subspaces.
        other: Of the one, which is taken to be spanned by the first axes.
        draws: How many.
    """
    import torch

    rng = np.random.default_rng(0)
    drawn = (torch.from_numpy(rng.standard_normal((size, width))) for _ in range(draws))
    bases = (torch.linalg.qr(each)[0] for each in drawn)
    return tuple(float(basis[:other].square().sum()) / min(width, other) for basis in bases)


def _written(weights: Weights, component: Head | Neuron | MLP) -> torch.Tensor:
    match component:
        case Head(layer=layer, head=head):
            return weights.head_output_weights(layer)[head]
        case Neuron(layer=layer, neuron=neuron):
            return weights.neuron_output_weights(layer)[neuron : neuron + 1]
        case MLP(layer=layer):
            return weights.neuron_output_weights(layer)


def _span(rows: torch.Tensor) -> torch.Tensor:
    """Orthonormal rows that span those given, float64: `[rank, d_model]`."""
    import torch

    _, sizes, vh = torch.linalg.svd(rows.double(), full_matrices=False)
    return vh[sizes > _NOTHING * sizes[:1]]


def _overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one @ other.T).square().sum()) / min(len(one), len(other))
