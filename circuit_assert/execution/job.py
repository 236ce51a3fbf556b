"""One side of one prompt set, run once under each of some interventions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch

from circuit_assert.backends.base import Backend, Edit, Read, Resume, Untouched
from circuit_assert.components import Site
from circuit_assert.execution.arrays import to_array
from circuit_assert.execution.batching import Piece, buckets, groups_of_pieces, rows_that_fit
from circuit_assert.execution.checkpoints import nearest
from circuit_assert.execution.cost import flops
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.memory import ran_out
from circuit_assert.execution.paths import PathEditor
from circuit_assert.execution.rows import Rows, needed_of, on_a_copy
from circuit_assert.execution.store import Store
from circuit_assert.execution.untouched import KeptStreams, first_difference, untouched_rows
from circuit_assert.interventions import Intervention, first_layer
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import Array, Batch, Measurement, Request
from circuit_assert.path_patches import PathPatch
from circuit_assert.prompts.base import Prompts, Side

Item: TypeAlias = "tuple[Intervention | None, tuple[Measurement, ...]]"


class Job:
    """One side of one prompt set under some items, an item being an intervention or none.

    Args:
        backend: The model.
        store: Where scores go and checkpoints come from.
        on: The prompts.
        side: Their side.
        items: Each intervention, or None, with what is measured under it.
        may_resume: Whether runs may start at a kept residual stream.

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
    ) -> None:
        self._backend, self._store = backend, store
        self._on, self._items, self._may_resume = on, items, may_resume
        self._side: Side = side
        self._prompts = store.tokenized(on)
        self._tokens = store.tokens(on, side)
        self._editors = [
            _editor(intervention, on, side, store, backend) if intervention else None
            for intervention, _ in items
        ]
        self._results: list[dict[Measurement, dict[int, torch.Tensor]]] = [
            {measurement: {} for measurement in measurements} for _, measurements in items
        ]
        self._starts = [self._starts_at(item) for item in range(len(items))]
        self._alike = [first_difference(under, on, side, store) for under, _ in items]

    def run(self, memory: int, report: Callable[[int, int], None]) -> None:
        """Run every unit under every item and file the scores.

        Args:
            memory: Bytes that the activations of one run may take.
            report: Called with the rows done and the rows in all, after every run.
        """
        card = self._backend.card
        room = {n: rows_that_fit(card, n, memory) for n in buckets(self._prompts, self._side)}
        done, total = 0, len(self._prompts) * len(self._items)
        for group in groups_of_pieces(self._prompts, self._side, self._starts, room):
            self._run_or_halve(group)
            done += sum(len(piece.units) for piece in group)
            report(done, total)
        self._file()

    def needed_flops(self) -> float:
        """What every item's scores cannot do without, entered as late as what is kept allows."""
        card = self._backend.card
        return sum(
            flops(
                card,
                self._prompts,
                self._side,
                measurements,
                self._entered(start),
                untouched=0 if alike is None else int(alike.sum()),
            )
            for (_, measurements), start, alike in zip(
                self._items, self._starts, self._alike, strict=True
            )
        )

    def run_alone(self, unit: int) -> dict[Measurement, Array]:
        """The scores of one unit under the only item, run by itself."""
        self._run_group([Piece(0, np.array([unit]))])
        return {m: to_array([by_unit[unit]])[0] for m, by_unit in self._results[0].items()}

    def _starts_at(self, item: int) -> int:
        """The first block that has to run for an item, were everything before it known."""
        intervention, measurements = self._items[item]
        layers = [m.last_layer(self._backend.card) for m in measurements]
        layers += [site.layer for m in measurements for site in m.sites(self._backend)]
        if intervention is not None:
            layers.append(first_layer(intervention))
        return min(layers)

    def _run_or_halve(self, group: list[Piece]) -> None:
        try:
            self._run_group(group)
        except (RuntimeError, MemoryError) as problem:
            halves = _halves_of(group) if ran_out(problem) else None
            if halves is None:
                raise problem from None
        else:
            return
        for half in halves:
            self._run_or_halve(half)

    def _run_group(self, group: list[Piece]) -> None:
        reads: dict[Site, list[Read]] = {}
        edits: dict[Site, list[Edit]] = {}
        runs = self._rows(group)
        for rows in runs:
            rows.place(reads, edits)
        tokens = np.stack([self._tokens[u] for piece in group for u in piece.units])
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
                by_unit = self._results[piece.item][measurement]
                by_unit.update(zip(map(int, piece.units), scores, strict=True))

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
        start = self._entered(min(self._starts[piece.item] for piece in group))
        if start == 0:
            return None
        kept = self._store.kept(Site(start - 1, "resid_post"), self._on, self._side)
        return Resume(start, torch.stack([kept[int(u)] for p in group for u in p.units]))

    def _untouched(self, group: list[Piece], length: int) -> Untouched | None:
        """Where all rows of a group stay as they are without interventions.

        Nothing is, where runs may not rest on others: a noise floor is what those would hide.
        """
        if not self._may_resume:
            return None
        first = min(self._starts[piece.item] for piece in group)
        last = max(self._last_layer(piece.item) for piece in group)
        layers = range(self._entered(first), last)
        alike: list[int] = []
        for piece in group:
            before = self._alike[piece.item]
            if before is None:
                return None
            alike += before[piece.units].tolist()
        kept = KeptStreams(self._store, self._on, self._side, layers)
        units = [int(unit) for piece in group for unit in piece.units]
        return untouched_rows(alike, units, length, kept)

    def _entered(self, start: int) -> int:
        """The block at which runs that need `start` can begin."""
        if not self._may_resume:
            return 0
        return nearest(self._store, self._on, self._side, start=start)

    def _file(self) -> None:
        for (intervention, _), editor, results in zip(
            self._items, self._editors, self._results, strict=True
        ):
            for measurement, by_unit in results.items():
                rows = [by_unit[unit] for unit in range(len(self._prompts))]
                request = Request(measurement, self._on, self._side, intervention)
                if isinstance(measurement, Kept):
                    self._store.keep(measurement, self._on, self._side, rows)
                elif editor is not None and editor.moved == 0.0 and not _may_do_nothing(editor):
                    self._store.failures[request] = (
                        f"{intervention} changed no activation on {self._on.name}: the component "
                        f"is constant there, so this intervention can show nothing"
                    )
                else:
                    self._store.scores[request] = to_array(rows)


def _editor(
    intervention: Intervention, on: Prompts, side: Side, store: Store, backend: Backend
) -> Editor | PathEditor:
    if isinstance(intervention, PathPatch):
        return PathEditor(intervention, on, store, backend)
    return Editor(intervention, on, side, store)


def _may_do_nothing(editor: Editor | PathEditor) -> bool:
    return bool(getattr(editor.intervention, "may_do_nothing", False))


def _halves_of(group: list[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    if len(group) > 1:
        middle = len(group) // 2
        return group[:middle], group[middle:]
    if len(group[0].units) > 1:
        first, second = group[0].halves()
        return [first], [second]
    return None
