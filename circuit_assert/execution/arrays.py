"""From one tensor per unit to one array."""

from __future__ import annotations

import torch

from circuit_assert.measurements.base import Array

_WIDE = 4096  # numbers per unit from which on scores stay in float32


def to_array(rows: list[torch.Tensor]) -> Array:
    """One array `[unit, ...]`, float64 where it is small; ragged rows are padded with NaN."""
    longest = max((len(row) for row in rows if row.dim()), default=0)
    stacked = torch.stack([_padded(row, longest) for row in rows]).cpu()
    if not stacked.is_floating_point():
        return stacked.numpy()
    small = stacked.dim() < 4 and stacked[0].numel() < _WIDE
    return stacked.double().numpy() if small else stacked.float().numpy()


def _padded(row: torch.Tensor, longest: int) -> torch.Tensor:
    if not row.dim() or len(row) == longest:
        return row
    fill = float("nan") if row.is_floating_point() else -1
    padding = row.new_full((longest - len(row), *row.shape[1:]), fill)
    return torch.cat([row, padding])
