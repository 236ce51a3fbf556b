"""Where the run of an item is entered, and how late it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuit_assert.backends.base import Backend
from circuit_assert.interventions import Intervention, first_layer
from circuit_assert.measurements.base import Measurement

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Entry:
    """Where the run of an item is entered, the lower part of its intervention having run already.

    Args:
        layer: The block.
        streams: What enters it under that part, `[pos, d_model]` for each unit.
        moved: How far that part moved the activations.
    """

    layer: int
    streams: Sequence[torch.Tensor]
    moved: float


def latest_start(
    under: Intervention | None, measurements: Sequence[Measurement], backend: Backend
) -> int:
    """The first block that has to run for an item, were everything before it known."""
    start = latest_reading(measurements, backend)
    return start if under is None else min(start, first_layer(under))


def latest_reading(measurements: Sequence[Measurement], backend: Backend) -> int:
    """The last block that a run can be entered at for all that is read in it."""
    layers = [m.last_layer(backend.card) for m in measurements]
    layers += [site.layer for m in measurements for site in m.sites(backend)]
    return min(layers)
