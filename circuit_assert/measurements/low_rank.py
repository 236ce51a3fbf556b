"""Products of a tall and a wide matrix, in the one basis between them that means something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

_NOTHING = 1e-6  # of the largest singular value: weights are float32 at best


@dataclass(frozen=True, eq=False)
class LowRank:
    """A matrix as reads · writes, balanced: what is between them is its singular vectors.

    A head may turn its values by any matrix and its outputs back, and it computes the same; this
    form stays the same, up to signs.

    Args:
        reads: `[d_model, rank]`, left singular vectors times the roots of the singular values.
        writes: `[rank, d_model]`, the roots times the right singular vectors.
        sizes: `[rank]`, the singular values.
    """

    reads: torch.Tensor
    writes: torch.Tensor
    sizes: torch.Tensor

    @property
    def rank(self) -> int:
        """How many singular values are more than rounding."""
        return len(self.sizes)


def low_rank(reads: torch.Tensor, writes: torch.Tensor) -> LowRank:
    """The balanced form of `reads @ writes`, float64.

    Args:
        reads: `[n, inner]`.
        writes: `[inner, m]`.
    """
    import torch

    left, upper = torch.linalg.qr(reads.double())
    right, lower = torch.linalg.qr(writes.double().T)
    u, sizes, vh = torch.linalg.svd(upper @ lower.T, full_matrices=False)
    kept = sizes > _NOTHING * sizes[:1]  # none where all are zero
    roots = sizes[kept].sqrt()
    return LowRank(left @ u[:, kept] * roots, roots[:, None] * (vh[kept] @ right.T), sizes[kept])


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """`left @ right`, its rows zero where they are only the rounding of float32 weights."""
    found = left @ right
    rounding = _NOTHING * left.norm(dim=1) * right.norm()
    return found * (found.norm(dim=1) > rounding)[:, None]


def rotation(size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A random rotation or reflection, uniform over all: `[size, size]`.

    Source: Mezzadri 2007, arXiv:math-ph/0609050.
    """
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return q * np.sign(np.diag(r))
