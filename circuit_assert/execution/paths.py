"""Path patching: receivers read another residual stream than the one that passes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from circuit_assert.backends.base import Backend
from circuit_assert.circuits import (
    SLOTS,
    Edge,
    Embedding,
    HeadInput,
    Logits,
    Receiver,
    Sender,
)
from circuit_assert.components import MLP, Head, Site
from circuit_assert.errors import ModelError
from circuit_assert.execution.store import Store
from circuit_assert.measurements.base import Batch
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts


class PathEditor:
    """Carries a path patch out and notes how far it moved what is read.

    Args:
        intervention: Which edges carry what.
        on: The prompts of the run.
        store: What earlier passes kept.
        backend: The model.

    Raises:
        ModelError: for a model in which heads cannot be given another stream to read.
    """

    def __init__(
        self, intervention: PathPatch, on: Prompts, store: Store, backend: Backend
    ) -> None:
        _check(intervention, backend)
        self.intervention, self.on = intervention, on
        self.store, self.backend = store, backend
        self.moved = 0.0
        self.to: dict[Receiver, list[Sender]] = {}
        for edge in sorted(intervention.edges, key=lambda e: e.key):
            self.to.setdefault(edge.receiver, []).append(edge.sender)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts and looks: also at the scales of norms that heads' outputs pass."""
        scales = self.intervention.scales if self.backend.has_post_norms else ()
        return tuple(sorted({*self.intervention.sites, *scales}))

    def of_rows(self, rows: slice) -> PathRows:
        """What edits some rows of one run."""
        return PathRows(self, rows)


class PathRows:
    """Edits some rows of one run, and keeps what their nodes write on the way.

    Args:
        editor: Whose.
        rows: Which.
    """

    def __init__(self, editor: PathEditor, rows: slice) -> None:
        self._editor, self._rows = editor, rows
        self._backend, self._patch = editor.backend, editor.intervention
        self._here: dict[Site, torch.Tensor] = {}
        self._there: dict[Site, torch.Tensor] = {}
        self._changes: dict[Sender, torch.Tensor] = {}
        self._heads: list[tuple[list[int], torch.Tensor]] = []

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it acts and looks."""
        return self._editor.sites

    def edit(self, site: Site, activation: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The activation as the patch leaves it; the given one is not changed."""
        match site.name:
            case "pattern":
                return self._attend(site.layer, activation, batch)
            case "z":
                edited = self._rewritten(site, activation, batch)
            case "mlp_read":
                edited = self._stream(MLP(site.layer), site, activation, batch)
            case "resid_post":
                edited = self._stream(Logits(), site, activation, batch)
            case _:
                edited = activation
        self._here[site] = edited
        return edited

    def note(self, site: Site, activation: torch.Tensor, batch: Batch) -> None:
        """Take note of a norm's scale."""
        self._here[site] = activation.clone()

    def _attend(self, layer: int, pattern: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The layer's pattern, and on the way its `z`, which comes next."""
        pre = Site(layer, "resid_pre")
        edited = self._plain(Site(layer, "pattern"), pattern, batch)
        for senders, heads in self._alike(layer).items():
            streams = {
                slot: self._changed(list(some), pre, self._here[pre], batch)
                for slot, some in zip(SLOTS, senders, strict=True)
            }
            z, own = self._backend.reread(layer, streams, self._rows)
            edited[:, heads] = own[:, heads]
            self._heads.append((heads, z))
        return edited

    def _rewritten(self, site: Site, z: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The layer's `z`: of heads that no edge reaches, plain; of the others, as they reread."""
        edited = self._plain(site, z, batch)
        for heads, own in self._heads:
            edited[:, :, heads] = own[:, :, heads]
        self._heads = []  # a later layer may only send
        self._note_moved(edited - z)
        return edited

    def _plain(self, site: Site, passing: torch.Tensor, batch: Batch) -> torch.Tensor:
        """What heads without an edge do: as in this run, or as in the source's."""
        if self._patch.all_but:
            return self._of_source(site, batch).to(passing).clone()
        return passing.clone()

    def _alike(self, layer: int) -> Mapping[tuple[tuple[Sender, ...], ...], list[int]]:
        """Heads with an edge, by what they read: the senders to q, k and v → the heads."""
        found: dict[tuple[tuple[Sender, ...], ...], list[int]] = {}
        for head in range(self._patch.heads):
            inputs = (HeadInput(Head(layer, head), slot) for slot in SLOTS)
            senders = tuple(tuple(self._editor.to.get(each, ())) for each in inputs)
            if any(senders):
                found.setdefault(senders, []).append(head)
        return found

    def _stream(
        self, receiver: Receiver, site: Site, activation: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        return self._changed(self._editor.to.get(receiver, []), site, activation, batch)

    def _changed(
        self, senders: list[Sender], site: Site, passing: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """This stream with outputs of the source's run, or its stream with outputs of this."""
        if not senders and not self._patch.all_but:
            return passing
        total = self._of_source(site, batch).to(passing) if self._patch.all_but else passing
        sign = 1.0 if self._patch.all_but else -1.0
        for sender in senders:
            total = total + sign * self._change(sender, batch)
        self._note_moved(total - passing)
        return total.to(passing)

    def _change(self, sender: Sender, batch: Batch) -> torch.Tensor:
        """What the sender writes in this run, minus what it writes in the source's."""
        if sender not in self._changes:
            here = self._written(sender, self._here.__getitem__)
            there = self._written(sender, lambda site: self._of_source(site, batch))
            self._changes[sender] = here - there.to(here)
        return self._changes[sender]

    def _written(self, sender: Sender, at: Callable[[Site], torch.Tensor]) -> torch.Tensor:
        """Into the residual stream, `[row, pos, d_model]`."""
        match sender:
            case Embedding():
                return at(Site(0, "resid_pre"))
            case MLP(layer=layer):
                return at(Site(layer, "mlp_out"))
            case Head(layer=layer, head=head):
                weights = self._backend.head_output_weights(layer)[head]
                written = at(Site(layer, "z"))[:, :, head].to(weights) @ weights
                if self._backend.has_post_norms:
                    written = written / at(Site(layer, "attn_post_scale"))
                return written

    def _of_source(self, site: Site, batch: Batch) -> torch.Tensor:
        if site not in self._there:
            kept = self._editor.store.kept(site, self._editor.on, self._patch.source)
            self._there[site] = torch.stack([kept[int(unit)] for unit in batch.units])
        return self._there[site]

    def _note_moved(self, change: torch.Tensor) -> None:
        # np.maximum keeps a NaN, max would not: what became NaN did move
        self._editor.moved = float(np.maximum(self._editor.moved, float(change.abs().max())))


def _check(patch: PathPatch, backend: Backend) -> None:
    if patch.layers_of_heads and not backend.can_reread:
        raise ModelError(
            f"the heads of {backend.name} cannot be given another residual stream to read, so "
            f"paths to them cannot be patched."
        )
    inside = next((e for e in patch.edges if _within_a_block(e)), None)
    if backend.has_parallel_blocks and inside is not None:
        raise ModelError(
            f"{inside} is no path in {backend.name}: its MLPs read what its heads of the same "
            f"layer read, not what these write."
        )


def _within_a_block(edge: Edge) -> bool:
    sender, receiver = edge.sender, edge.receiver
    return isinstance(sender, Head) and isinstance(receiver, MLP) and sender.layer == receiver.layer
