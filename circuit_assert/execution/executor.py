"""From a plan to scores: the one place where a model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import torch

from circuit_assert.backends.base import Backend, Edit, Read, Resume
from circuit_assert.components import Site
from circuit_assert.errors import PromptError
from circuit_assert.execution.batching import Piece, buckets, groups_of_pieces, rows_that_fit
from circuit_assert.execution.edits import Editor
from circuit_assert.execution.plan import plan, prerequisites
from circuit_assert.execution.store import Store
from circuit_assert.interventions import Intervention, first_layer
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import (
    AnyRequest,
    Array,
    Batch,
    Measurement,
    Reader,
    Request,
    WeightRequest,
)
from circuit_assert.prompts.base import Prompts, Side

Item: TypeAlias = "tuple[Intervention | None, tuple[Measurement, ...]]"
Progress: TypeAlias = "Callable[[int, int], None]"
_FLOOR_UNITS = 2
_WIDE = 4096  # numbers per unit beyond which scores stay in float32


class Executor:
    """Runs one loaded model for as many requests at once as it can.

    Args:
        backend: The model.
        memory: Bytes that one run's activations may take; twice as many may be kept between runs.
        progress: Called with the rows done and the rows in all, after every run.
    """

    def __init__(
        self, backend: Backend, *, memory: int = 1 << 29, progress: Progress | None = None
    ) -> None:
        self.backend = backend
        self.store = Store(backend.tokenizer)
        self.runs = 0
        self.memory = memory
        self._progress = progress
        self._floors: dict[object, float] = {}

    def run(self, requests: Iterable[AnyRequest]) -> None:
        """Measure what has not been measured yet; the scores are then in the store.

        Raises:
            HookError: when a hook did not fire. (An intervention that changed nothing is filed
                as a failure of its requests.)
            PromptError: when a prompt set lacks what a measurement needs.
        """
        wanted = [request for request in requests if not self.store.has(request)]
        for request in wanted:
            if isinstance(request, WeightRequest):
                self.store.scores[request] = request.measurement.compute(self.backend)
        runs = [request for request in wanted if isinstance(request, Request)]
        made = plan(runs, can_resume=self.backend.can_resume)
        try:
            for one in made.passes:
                new = [m for m in one.measurements if not self._has(m, one.on, one.side)]
                if new:
                    _Job(self, one.on, one.side, [(None, tuple(new))]).run()
            for sweep in made.sweeps:
                _Job(self, sweep.on, sweep.side, sweep.items).run()
        finally:
            self.store.forget_activations(beyond=2 * self.memory)

    def noise_floor(self, request: AnyRequest) -> float:
        """How far batching and resuming move a request's scores, tried on a few units once.

        The same units are measured again one at a time and from the embedding on; the largest
        difference is the floor of this measurement on this prompt set, edited or not.
        """
        if not isinstance(request, Request) or request not in self.store.scores:
            return 0.0
        key = (request.measurement, request.on, request.under is None)
        if key not in self._floors:
            self._floors[key] = self._measured_floor(request)
        return self._floors[key]

    def _measured_floor(self, request: Request) -> float:
        self._keep_prerequisites(request)
        together = self.store.scores[request]
        job = _Job(self, request.on, request.side, [(request.under, (request.measurement,))])
        units = range(0, len(together), max(1, len(together) // _FLOOR_UNITS))[:_FLOOR_UNITS]
        worst = 0.0
        for unit in units:
            alone = _to_array([job.run_alone(unit)])[0]
            difference = (
                np.abs(together[unit][: len(alone)] - alone)
                if alone.ndim
                else abs(together[unit] - alone)
            )
            worst = max(worst, float(np.nanmax(difference)))
        return worst

    def _keep_prerequisites(self, request: Request) -> None:
        missing = [
            needed
            for needed in prerequisites(request, can_resume=False)
            if not self.store.has(needed)
        ]
        for needed in missing:
            _Job(self, needed.on, needed.side, [(None, (needed.measurement,))]).run()

    def _has(self, measurement: Measurement, on: Prompts, side: Side) -> bool:
        return self.store.has(Request(measurement, on, side))

    def report(self, done: int, total: int) -> None:
        """Count a run, and tell whoever listens how many rows are done."""
        self.runs += 1
        if self._progress:
            self._progress(done, total)


class _Job:
    """One side of one prompt set under some items, an item being an intervention or none."""

    def __init__(self, executor: Executor, on: Prompts, side: Side, items: Sequence[Item]) -> None:
        self._executor, self._backend = executor, executor.backend
        self._on, self._items = on, items
        self._side: Side = side
        self._may_resume = self._backend.can_resume
        self._prompts = executor.store.tokenized(on)
        if side not in self._prompts.tokens:
            raise PromptError(
                f"{on.name} has no {side} prompts: give each Prompt corrupt=…, or compare with "
                f"another control."
            )
        self._editors = [
            Editor(intervention, on, side, executor.store) if intervention else None
            for intervention, _ in items
        ]
        self._results: list[dict[Measurement, dict[int, torch.Tensor]]] = [
            {measurement: {} for measurement in measurements} for _, measurements in items
        ]

    def run(self) -> None:
        """Run every unit under every item and file the scores."""
        card, memory = self._backend.card, self._executor.memory
        lengths = buckets(self._prompts, self._side)
        room = {length: rows_that_fit(card, length, memory) for length in lengths}
        done, total = 0, len(self._prompts) * len(self._items)
        for group in groups_of_pieces(self._prompts, self._side, len(self._items), room):
            self._run_or_halve(group)
            done += sum(len(piece.units) for piece in group)
            self._executor.report(done, total)
        self._file()

    def run_alone(self, unit: int) -> torch.Tensor:
        """One unit under the only item, by itself and from the embedding on."""
        self._may_resume = False
        self._run_group([Piece(0, np.array([unit]))])
        (by_unit,) = self._results[0].values()
        return by_unit[unit]

    def _run_or_halve(self, group: list[Piece]) -> None:
        try:
            self._run_group(group)
        except (torch.OutOfMemoryError, MemoryError) as problem:
            halves = _halves(group)
            if halves is None:
                raise problem from None
        else:
            return
        for half in halves:
            self._run_or_halve(half)

    def _run_group(self, group: list[Piece]) -> None:
        runs = [_Rows(self, piece) for piece in group]
        reads: dict[Site, list[Read]] = {}
        edits: dict[Site, list[Edit]] = {}
        start = 0
        for run in runs:
            run.place(start, reads, edits)
            start += len(run.batch.units)
        tokens = np.stack(
            [self._prompts.tokens[self._side][u] for r in runs for u in r.batch.units]
        )
        final = self._backend.run(
            torch.from_numpy(tokens),
            reads=reads,
            edits={site: [_on_a_copy(there)] for site, there in edits.items()},
            last_layer=max(self._last_layer(piece.item) for piece in group),
            resume=self._resume(group),
        )
        for run in runs:
            run.collect(final)

    def _last_layer(self, item: int) -> int:
        return max(m.last_layer(self._backend.card) for m in self._items[item][1])

    def _resume(self, group: list[Piece]) -> Resume | None:
        """Start where the first intervention of the group acts, if that residual was kept."""
        layers = [first_layer(i) for i, _ in (self._items[p.item] for p in group) if i is not None]
        start = min(layers, default=0)
        reads_before = any(
            site.layer < start
            for piece in group
            for m in self._items[piece.item][1]
            for site in m.sites(self._backend)
        )
        if not layers or start == 0 or reads_before or not self._may_resume:
            return None
        kept = self._executor.store.kept(Site(start - 1, "resid_post"), self._on, self._side)
        return Resume(start, torch.stack([kept[int(u)] for p in group for u in p.units]))

    def _file(self) -> None:
        for (intervention, _), editor, results in zip(
            self._items, self._editors, self._results, strict=True
        ):
            for measurement, by_unit in results.items():
                rows = [by_unit[unit] for unit in range(len(self._prompts))]
                request = Request(measurement, self._on, self._side, intervention)
                if isinstance(measurement, Kept):
                    self._executor.store.keep(measurement, self._on, self._side, rows)
                elif editor is not None and editor.moved == 0.0:
                    self._executor.store.failures[request] = (
                        f"{intervention} changed no activation on {self._on.name}: the component "
                        f"is constant there, so this intervention can show nothing"
                    )
                else:
                    self._executor.store.scores[request] = _to_array(rows)

    def parts(self, piece: Piece) -> tuple[Editor | None, dict[Measurement, Reader], Batch]:
        """What one piece needs: its editor, fresh readers, its batch."""
        batch = Batch(self._prompts, self._side, piece.units)
        readers = {m: m.reader(batch, self._backend) for m in self._items[piece.item][1]}
        return self._editors[piece.item], readers, batch

    def sites_of(self, measurement: Measurement) -> tuple[Site, ...]:
        """What a measurement reads in this model."""
        return measurement.sites(self._backend)

    def add(self, item: int, measurement: Measurement, units: np.ndarray, scores: object) -> None:
        """Take one piece's scores, `[row, ...]`."""
        results = self._results[item][measurement]
        for unit, score in zip(units, scores, strict=True):  # pyright: ignore[reportArgumentType]
            results[int(unit)] = score


class _Rows:
    """The rows of a run that belong to one piece."""

    def __init__(self, job: _Job, piece: Piece) -> None:
        self._job, self._piece = job, piece
        self._editor, self._readers, self.batch = job.parts(piece)
        self._rows = slice(0, 0)

    def place(
        self, start: int, reads: dict[Site, list[Read]], edits: dict[Site, list[Edit]]
    ) -> None:
        """Take the rows from `start` on, and add this piece's reads and edits to the run's."""
        self._rows = slice(start, start + len(self.batch.units))
        for measurement, reader in self._readers.items():
            for site in self._job.sites_of(measurement):
                reads.setdefault(site, []).append(self._read(reader, site))
        if self._editor is not None:
            for site in self._editor.intervention.sites:
                if site.name == "attn_post_scale":
                    reads.setdefault(site, []).append(self._note(self._editor, site))
                else:
                    edits.setdefault(site, []).append(self._edit(self._editor, site))

    def _read(self, reader: Reader, site: Site) -> Read:
        return lambda activation: reader.read(site, activation[self._rows])

    def _note(self, editor: Editor, site: Site) -> Read:
        return lambda activation: editor.note(site, activation[self._rows])

    def _edit(self, editor: Editor, site: Site) -> Edit:
        def edit(activation: torch.Tensor) -> torch.Tensor:
            activation[self._rows] = editor.edit(site, activation[self._rows], self.batch)
            return activation

        return edit

    def collect(self, final: torch.Tensor) -> None:
        """Finish the readers and hand their scores to the job."""
        for measurement, reader in self._readers.items():
            scores = reader.finish(final[self._rows])
            self._job.add(self._piece.item, measurement, self.batch.units, scores)


def _on_a_copy(edits: Sequence[Edit]) -> Edit:
    """All edits of one site, each writing its rows into the same copy of the activation."""

    def edit(activation: torch.Tensor) -> torch.Tensor:
        edited = activation.clone()
        for one in edits:
            edited = one(edited)
        return edited

    return edit


def _halves(group: list[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    if len(group) > 1:
        middle = len(group) // 2
        return group[:middle], group[middle:]
    if len(group[0].units) > 1:
        first, second = group[0].halves()
        return [first], [second]
    return None


def _to_array(rows: list[torch.Tensor]) -> Array:
    """One array `[unit, ...]`, float64 where it is small; ragged rows are padded with NaN."""
    longest = max((len(row) for row in rows if row.dim()), default=0)
    padded = [_padded(row, longest) for row in rows]
    stacked = torch.stack(padded).cpu()
    if not stacked.is_floating_point():
        return stacked.numpy()
    return (
        stacked.double().numpy()
        if stacked.dim() < 4 and stacked[0].numel() < 4096
        else stacked.float().numpy()
    )


def _padded(row: torch.Tensor, longest: int) -> torch.Tensor:
    if not row.dim() or len(row) == longest:
        return row
    fill = float("nan") if row.is_floating_point() else -1
    padding = torch.full((longest - len(row), *row.shape[1:]), fill, dtype=row.dtype)
    return torch.cat([row, padding.to(row.device)])
