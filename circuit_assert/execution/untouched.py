"""Where a patched run cannot differ from the run that it patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.backends.base import Untouched
from circuit_assert.components import Site
from circuit_assert.interventions import Intervention, Patch
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import Request
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Ints, Prompts, Side

if TYPE_CHECKING:
    import torch

    from circuit_assert.execution.store import Store


def first_difference(
    intervention: Intervention | None, side: Side, tokens: Callable[[Side], Sequence[Ints]]
) -> Ints | None:
    """Per unit, how many tokens come before anything can change; None where that is not known.

    A patch from the other side's prompt changes nothing where the two prompts begin alike: what
    stands at a position depends on the tokens up to there.

    Args:
        intervention: What is done, if anything.
        side: Of the prompts that it is done to.
        tokens: A side of them → a row of tokens for each unit.
    """
    if not isinstance(intervention, Patch | PathPatch) or intervention.source == side:
        return None
    pairs = zip(tokens(side), tokens(intervention.source), strict=True)
    return np.array([_alike(own, other) for own, other in pairs])


def _alike(own: Ints, other: Ints) -> int:
    """The length of what two rows of tokens begin with."""
    shorter = min(len(own), len(other))
    differ = np.flatnonzero(own[:shorter] != other[:shorter])
    return int(differ[0]) if len(differ) else shorter


def untouched_rows(
    alike: Sequence[int], units: Sequence[int], length: int, kept: KeptStreams
) -> Untouched | None:
    """The positions of some rows that stay as in the run without a patch; None for none.

    Args:
        alike: Per row, how many of its first positions.
        units: Per row, the unit.
        length: Of the rows.
        kept: The streams of the run without a patch.
    """
    import torch

    positions = torch.arange(length)[None] < torch.tensor(alike)[:, None]
    leaving = kept.leaving(units) if positions.any() else {}
    return Untouched(positions, leaving) if leaving else None


class KeptStreams:
    """The residual streams of one prompt set that were kept, in some blocks.

    Args:
        store: Where they are.
        on: The prompts.
        side: Their side.
        layers: The blocks that they leave.
    """

    def __init__(self, store: Store, on: Prompts, side: Side, layers: Iterable[int]) -> None:
        sites = {layer: Site(layer, "resid_post") for layer in layers}
        self._kept = {
            layer: store.kept(site, on, side)
            for layer, site in sites.items()
            if store.has(Request(Kept(site), on, side))
        }

    def leaving(self, units: Sequence[int]) -> dict[int, torch.Tensor]:
        """By block, `[row, pos, d_model]`."""
        from torch.nn.utils.rnn import pad_sequence

        return {
            layer: pad_sequence([rows[unit] for unit in units], batch_first=True)
            for layer, rows in self._kept.items()
        }
