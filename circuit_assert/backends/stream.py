"""Edits between attention and MLP that stay in the residual stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from circuit_assert.backends.base import Edit
from circuit_assert.components import Site


def kept_in_the_stream(edits: Mapping[Site, Sequence[Edit]]) -> dict[Site, Sequence[Edit]]:
    """The same edits, those of `resid_mid` carried on to what leaves the block.

    What transformer-lens hooks as `resid_mid` is what the MLP's norm reads: a branch. Changing it
    there changes what the MLP writes and nothing else, so the change is added to the stream when
    the MLP has joined it.
    """
    made = dict(edits)
    for site, there in edits.items():
        if site.name == "resid_mid":
            carried = _Carried(there)
            after = Site(site.layer, "resid_post")
            made[site] = [carried.edit]
            made[after] = [carried.add, *made.get(after, ())]
    return made


class _Carried:
    """Edits a branch and adds what changed to the stream."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._change: torch.Tensor | None = None

    def edit(self, activation: torch.Tensor) -> torch.Tensor:
        edited = activation
        for edit in self._edits:
            edited = edit(edited)
        self._change = edited - activation
        return edited

    def add(self, leaving: torch.Tensor) -> torch.Tensor:
        assert self._change is not None  # noqa: S101 - the MLP's norm reads before it leaves
        return leaving + self._change
