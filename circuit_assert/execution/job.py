"""One side of one prompt set, run once under each of some interventions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from circuit_assert.backends.base import Backend, Edit, Read, Resume, Untouched
from circuit_assert.components import Site
from circuit_assert.execution.arrays import to_array
from circuit_assert.execution.batching import (
    Piece,
    buckets,
    groups_of_pieces,
    halves_of,
    rows_that_fit,
)
from circuit_assert.execution.checkpoints import nearest
from circuit_assert.execution.cost import flops
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.entries import Entry, latest_start
from circuit_assert.execution.memory import run_in_halves
from circuit_assert.execution.paths import PathEditor
from circuit_assert.execution.preserving import PreservingEditor
from circuit_assert.execution.rows import (
    Left,
    Rows,
    Waiting,
    halves_of_left,
    needed_of,
    on_a_copy,
    padded,
    read_together,
)
from circuit_assert.execution.store import Store
from circuit_assert.execution.trunks import from_on
from circuit_assert.execution.untouched import KeptStreams, first_difference, untouched_rows
from circuit_assert.interventions import Intervention, PreservingAblation
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import Array, Batch, Measurement, Request
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts, Side

Item: TypeAlias = "tuple[Intervention | None, tuple[Measurement, ...]]"
_WAITING = 4  # what leaves runs and is still to be read takes a quarter of what a run does


class Job:
    """One side of one prompt set under some items, an item being an intervention or none.

    Args:
        backend: The model.
        store: Where scores go and checkpoints come from.
        on: The prompts.
        side: Their side.
        items: Each intervention, or None, with what is measured under it.
        may_resume: Whether runs may start at a kept residual stream.
        entries: Where each item is entered; None where that is for the job to find. None for all.

    Raises:
        PromptError: when the set has no such side.
    """

    def __init__(
        self,
        backend: Backend,
        store: Store,
        on: Prompts,
        side: Side,
        items: Sequence[Item],
        *,
        may_resume: bool,
        entries: Sequence[Entry | None] | None = None,
    ) -> None:
        self._backend, self._store = backend, store
        self._on, self._items, self._may_resume = on, items, may_resume
        self._side: Side = side
        self._prompts = store.tokenized(on)
        self._tokens = store.tokens(on, side)
        self._entries = entries or [None] * len(items)
        self._editors = [
            self._editor(under, entry)
            for (under, _), entry in zip(items, self._entries, strict=True)
        ]
        self._results: list[dict[Measurement, dict[int, torch.Tensor]]] = [
            {measurement: {} for measurement in measurements} for _, measurements in items
        ]
        self._starts = [
            entry.layer if entry else latest_start(under, measurements, backend)
            for (under, measurements), entry in zip(items, self._entries, strict=True)
        ]
        of = partial(store.tokens, on)
        self._waiting = Waiting(0)
        self._alike = [first_difference(under, side, of) for under, _ in items]

    def run(self, memory: int, report: Callable[[int, int], None]) -> None:
        """Run every unit under every item and file the scores.

        Args:
            memory: Bytes that the activations of one run may take.
            report: Called with the rows done and the rows in all, after every run.
        """
        self._run_all(memory, report)
        self._file()

    def entries(self, memory: int, report: Callable[[int, int], None]) -> list[Entry]:
        """Run every unit under every item, each of which keeps one stream; file nothing.

        Args:
            memory: As in `run`.
            report: As there.

        Returns:
            For each item, how to go on from what leaves the block of its stream.
        """
        self._run_all(memory, report)
        made: list[Entry] = []
        for item, results in enumerate(self._results):
            ((measurement, by_unit),) = results.items()
            streams = [by_unit[unit] for unit in range(len(self._prompts))]
            after = measurement.last_layer(self._backend.card) + 1
            made.append(Entry(after, streams, self._moved(item)))
        return made

    def _run_all(self, memory: int, report: Callable[[int, int], None]) -> None:
        card = self._backend.card
        room = {n: rows_that_fit(card, n, memory) for n in buckets(self._prompts, self._side)}
        done, total = 0, len(self._prompts) * len(self._items)
        entered = [entry.layer if entry else None for entry in self._entries]
        groups = groups_of_pieces(
            self._prompts, self._side, self._starts, room, entered, may_pad=self._may_pad()
        )
        self._waiting = Waiting(memory // _WAITING)
        for group in groups:
            run_in_halves(self._run_group, group, halves_of)
            if self._waiting.enough:
                self._read_waiting()
            done += sum(len(piece.units) for piece in group)
            report(done, total)
        self._read_waiting()

    def _may_pad(self) -> bool:
        """Whether rows of several lengths may share a run: not where attention is run again."""
        paths = any(isinstance(under, PathPatch) for under, _ in self._items)
        return not paths and self._backend.can_pad

    def needed_flops(self) -> float:
        """What every item's scores cannot do without, entered as late as what is kept allows."""
        card = self._backend.card
        return sum(
            flops(
                card,
                self._backend.tokenizer,
                self._prompts,
                self._side,
                measurements,
                start=self._entered([item]),
                untouched=0 if alike is None else int(alike.sum()),
            )
            for item, ((_, measurements), alike) in enumerate(
                zip(self._items, self._alike, strict=True)
            )
        )

    def run_alone(self, unit: int) -> dict[Measurement, Array]:
        """The scores of one unit under the only item, run by itself."""
        self._run_group([Piece(0, np.array([unit]))])
        self._read_waiting()
        return {m: to_array([by_unit[unit]])[0] for m, by_unit in self._results[0].items()}

    def _editor(
        self, under: Intervention | None, entry: Entry | None
    ) -> Editor | PathEditor | None:
        """What does the part of an intervention that has not run already."""
        if isinstance(under, PathPatch):
            return PathEditor(under, self._on, self._store, self._backend)
        if isinstance(under, PreservingAblation):
            return PreservingEditor(under, self._on, self._side, self._store, self._backend)
        rest = from_on(under, entry.layer) if under and entry else under
        return Editor(rest, self._on, self._side, self._store) if rest else None

    def _run_group(self, group: list[Piece]) -> None:
        reads: dict[Site, list[Read]] = {}
        edits: dict[Site, list[Edit]] = {}
        runs = self._rows(group)
        for rows in runs:
            rows.place(reads, edits)
        tokens = padded([self._tokens[u] for piece in group for u in piece.units])
        final = self._backend.run(
            torch.from_numpy(tokens),
            reads=reads,
            edits={site: [on_a_copy(there)] for site, there in edits.items()},
            last_layer=max(self._last_layer(piece.item) for piece in group),
            resume=self._resume(group),
            needed=needed_of(runs, tokens.shape) if self._backend.can_narrow else None,
            untouched=self._untouched(group, tokens.shape[1]) if self._backend.can_narrow else None,
        )
        for piece, rows in zip(group, runs, strict=True):
            for measurement, scores in rows.collect(final):
                self._note(piece.item, rows.batch, measurement, scores)
        self._waiting.add([piece.item for piece in group], runs, final)

    def _read_waiting(self) -> None:
        """Read what waits; where memory runs out, in halves."""
        left = self._waiting.take()
        if left:
            run_in_halves(self._read, left, halves_of_left)

    def _read(self, left: Sequence[Left]) -> None:
        for each, measurement, scores in read_together(left, self._backend):
            self._note(each.item, each.batch, measurement, scores)

    def _note(
        self,
        item: int,
        batch: Batch,
        measurement: Measurement,
        scores: torch.Tensor | Sequence[torch.Tensor],
    ) -> None:
        by_unit = self._results[item][measurement]
        by_unit.update(zip(map(int, batch.units), scores, strict=True))

    def _rows(self, group: list[Piece]) -> list[Rows]:
        made: list[Rows] = []
        start = 0
        for piece in group:
            batch = Batch(self._prompts, self._side, piece.units)
            measurements = self._items[piece.item][1]
            made.append(Rows(start, batch, self._editors[piece.item], measurements, self._backend))
            start += len(piece.units)
        return made

    def _last_layer(self, item: int) -> int:
        return max(m.last_layer(self._backend.card) for m in self._items[item][1])

    def _resume(self, group: list[Piece]) -> Resume | None:
        """Start as late as the group allows, at a residual stream that was kept."""
        start = self._entered([piece.item for piece in group])
        if start == 0:
            return None
        streams = [
            stream[int(unit)]
            for piece in group
            for stream in [self._entering(start, piece.item)]
            for unit in piece.units
        ]
        return Resume(start, pad_sequence(streams, batch_first=True))

    def _entering(self, start: int, item: int) -> Sequence[torch.Tensor]:
        """What enters a block in the run of an item, for each unit."""
        entry = self._entries[item]
        if entry is not None:
            return entry.streams
        return self._store.kept(Site(start - 1, "resid_post"), self._on, self._side)

    def _untouched(self, group: list[Piece], length: int) -> Untouched | None:
        """Where all rows of a group stay as they are without interventions.

        Nothing is, where runs may not rest on others: a noise floor is what those would hide.
        """
        if not self._may_resume:
            return None
        last = max(self._last_layer(piece.item) for piece in group)
        layers = range(self._entered([piece.item for piece in group]), last)
        alike: list[int] = []
        for piece in group:
            before = self._alike[piece.item]
            if before is None:
                return None
            alike += before[piece.units].tolist()
        kept = KeptStreams(self._store, self._on, self._side, layers)
        units = [int(unit) for piece in group for unit in piece.units]
        return untouched_rows(alike, units, length, kept)

    def _entered(self, items: Sequence[int]) -> int:
        """The block at which runs of some items together can begin."""
        start = min(self._starts[item] for item in items)
        if self._entries[items[0]] is not None:
            return start  # all of them are: they share no run with others
        if not self._may_resume:
            return 0
        return nearest(self._store, self._on, self._side, start=start)

    def _moved(self, item: int) -> float:
        """How far an item's intervention moved the activations, all parts of it."""
        editor, entry = self._editors[item], self._entries[item]
        moved = [part.moved for part in (editor, entry) if part is not None]
        return float(np.max(moved))  # keeps a NaN: what became NaN did move

    def _file(self) -> None:
        for item, ((under, _), results) in enumerate(zip(self._items, self._results, strict=True)):
            for measurement, by_unit in results.items():
                rows = [by_unit[unit] for unit in range(len(self._prompts))]
                request = Request(measurement, self._on, self._side, under)
                if isinstance(measurement, Kept):
                    self._store.keep(measurement, self._on, self._side, rows)
                elif under is not None and not _may_do_nothing(under) and self._moved(item) == 0.0:
                    self._store.failures[request] = (
                        f"{under} changed no activation on {self._on.name}: the component "
                        f"is constant there, so this intervention can show nothing"
                    )
                else:
                    self._store.scores[request] = to_array(rows)


def _may_do_nothing(under: Intervention) -> bool:
    return bool(getattr(under, "may_do_nothing", False))
