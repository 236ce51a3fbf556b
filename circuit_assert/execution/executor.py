"""From a plan to scores: the one place where a model runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from circuit_assert.backends.base import Backend
from circuit_assert.execution.checkpoints import alike_together, nearest, worth_keeping
from circuit_assert.execution.cost import Work
from circuit_assert.execution.entries import latest_start
from circuit_assert.execution.from_weights import worked_out
from circuit_assert.execution.job import Item, Job
from circuit_assert.execution.memory import KEPT, budget
from circuit_assert.execution.plan import Pass, plan, prerequisites
from circuit_assert.execution.recall import Recall
from circuit_assert.execution.sharing import SharedRuns
from circuit_assert.execution.store import Store
from circuit_assert.measurements.base import AnyRequest, Array, Measurement, Request, WeightRequest
from circuit_assert.measurements.outputs import LargestLogit
from circuit_assert.prompts.base import Prompts, Side

Progress: TypeAlias = "Callable[[int, int], None]"
_FLOOR_UNITS = 2
_NARROW_FLOOR_UNITS = 8  # where one rounding is as large as what is measured, two say little
_OF_LOGITS = ("logits", "nats")
_SETS_AT_ONCE = 4  # of prompts, whose streams are kept at every block if they fit
_EPSILON = float(np.finfo(np.float32).eps)


class Executor:
    """Runs one loaded model for as many requests at once as it can.

    Args:
        backend: The model.
        memory: Bytes that one run's activations may take; nine times as many may be kept between
            runs. By default, by what is free.
        progress: Called with the rows done and the rows in all, after every run.
        store: What is known of the model already.
        cache: The folder with the scores of earlier runs; None to measure everything.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        memory: int | None = None,
        progress: Progress | None = None,
        store: Store | None = None,
        cache: Path | None = None,
    ) -> None:
        self.backend = backend
        self.store = store or Store(backend.tokenizer)
        self.runs = 0
        self.seconds = self.needed_flops = 0.0
        self.memory = budget(backend.devices) if memory is None else memory
        self._progress = progress
        self._recall = Recall(cache, backend, self.store) if cache else None
        self._floors: dict[tuple[Measurement, Prompts, bool], float] = {}
        self._largest_logits: dict[tuple[Prompts, Side], float] = {}

    @property
    def reused(self) -> int:
        """How many scores came from earlier runs."""
        return self._recall.reused if self._recall else 0

    @property
    def recall(self) -> Recall | None:
        """What earlier runs measured of this model; None without a cache."""
        return self._recall

    @property
    def work(self) -> Work:
        """What has been done so far."""
        return Work(self.runs, self.reused, self.seconds, self.needed_flops)

    @contextmanager
    def _timed(self) -> Generator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started

    def run(self, requests: Iterable[AnyRequest]) -> None:
        """Measure what has not been measured yet; the scores are then in the store.

        Raises:
            HookError: when a hook did not fire. (An intervention that changed nothing is filed
                as a failure of its requests.)
            PromptError: when a prompt set lacks what a measurement needs.
        """
        wanted = [request for request in requests if not self._has(request)]
        of_weights = (request for request in wanted if isinstance(request, WeightRequest))
        for request, scores in worked_out(self.backend, of_weights):
            self.store.scores[request] = scores
            if self._recall:
                self._recall.put(request, scores)
        runs = [request for request in wanted if isinstance(request, Request)]
        if runs:
            with self._timed():
                self._run(runs)

    def _run(self, runs: Sequence[Request]) -> None:
        made = plan(
            runs,
            can_resume=self.backend.can_resume,
            has_post_norms=self.backend.has_post_norms,
        )
        needed = {Request(m, one.on, one.side) for one in made.passes for m in one.measurements}
        swept: set[tuple[Prompts, Side]] = {(sweep.on, sweep.side) for sweep in made.sweeps}
        try:
            for one in alike_together(made.passes, self.store):
                self._observe(one)
                self.store.forget_activations(KEPT * self.memory, keeping=needed, last=swept)
            for sweep in made.sweeps:
                self.store.adopt(sweep.on, sweep.side)
                self._run_items(sweep.on, sweep.side, sweep.items)
        finally:
            self.store.forget_activations(KEPT * self.memory)

    def _observe(self, one: Pass) -> None:
        """Run a pass for what it still has to measure, keeping checkpoints on the way."""
        self.store.adopt(one.on, one.side)
        new = [m for m in one.measurements if not self._has(Request(m, one.on, one.side))]
        if not new:
            return
        if self.backend.can_resume:
            start = latest_start(None, new, self.backend)
            new += worth_keeping(
                self.backend.card,
                self.store,
                one.on,
                one.side,
                first_layer=nearest(self.store, one.on, one.side, start=start),
                last_layer=max(measurement.last_layer(self.backend.card) for measurement in new),
                memory=KEPT * self.memory // _SETS_AT_ONCE,
            )
        self._run_items(one.on, one.side, [(None, tuple(dict.fromkeys(new)))])

    def _run_items(self, on: Prompts, side: Side, items: Sequence[Item]) -> None:
        room = max(0, KEPT * self.memory - self.store.kept_bytes)
        runs = SharedRuns(self.backend, self.store, on, side, items, memory=room)
        self.needed_flops += runs.run(self.memory, self._report)
        for under, measurements in items:
            for measurement in measurements:
                self._remember(Request(measurement, on, side, under))

    def _has(self, request: AnyRequest) -> bool:
        """Whether it has been measured, in this run or in an earlier one."""
        if self.store.has(request):
            return True
        found = self._recall.get(request) if self._recall else None
        if isinstance(found, str):
            self.store.failures[request] = found
        elif found is not None:
            self.store.scores[request] = found
        return found is not None

    def _remember(self, request: Request) -> None:
        found = self.store.failures.get(request, self.store.scores.get(request))
        if self._recall and found is not None:
            self._recall.put(request, found)

    def noise_floor(self, request: AnyRequest) -> float:
        """How far batching, resuming, short ways and the dtype move scores, on a few units once.

        The same units are measured again one at a time, from the embedding on and by the model's
        own steps, with narrower weights also in float32; the largest difference is the floor of
        this measurement on this prompt set, edited or not. Where that is none, the rounding of
        what scores are made of still is one: another order of neurons would move them by so much.
        """
        if not isinstance(request, Request) or request not in self.store.scores:
            return 0.0
        key = _floor_key(request)
        if key not in self._floors:
            known = self._recall.floor(request) if self._recall else None
            if known is None:
                with self._timed():
                    self._measure_floors(request)
            else:
                self._floors[key] = known
        return self._floors[key]

    def _measure_floors(self, request: Request) -> None:
        """The floor of a request, and of all that was measured in the same circumstances."""
        post_norms = self.backend.has_post_norms
        for needed in prerequisites(request, can_resume=False, has_post_norms=post_norms):
            if not self.store.has(needed):
                self._run_items(needed.on, needed.side, [(None, (needed.measurement,))])
        alike = [
            known
            for known in self.store.scores
            if isinstance(known, Request)
            and (known.on, known.side, known.under) == (request.on, request.side, request.under)
            and _floor_key(known) not in self._floors
        ]
        measured = tuple(each.measurement for each in alike)
        job = self._job_alone(request, measured)
        units = self._floor_units(len(self.store.tokenized(request.on)))
        with self.backend.step_by_step():
            alone = [(units[0], self._first_alone(request, measured))]
            alone += [(unit, job.run_alone(unit)) for unit in units[1:]]
        if self.backend.dtype != torch.float32:
            with self.backend.in_float32():
                alone += [(unit, job.run_alone(unit)) for unit in units]
        for known in alike:
            together = self.store.scores[known]
            differences = (
                _largest_difference(together[unit], scores[known.measurement])
                for unit, scores in alone
            )
            floor = max([self._rounding(known), *differences])
            self._floors[_floor_key(known)] = floor
            if self._recall:
                self._recall.put_floor(known, floor)

    def _job_alone(self, request: Request, measured: tuple[Measurement, ...]) -> Job:
        items = [(request.under, measured)]
        return Job(self.backend, self.store, request.on, request.side, items, may_resume=False)

    def _first_alone(
        self, request: Request, measured: tuple[Measurement, ...]
    ) -> Mapping[Measurement, Array]:
        """The first unit's scores; its largest logit on the way, where that is still to be known.

        It takes the logits of all tokens at all positions, which may cost more than the run.
        """
        here = request.on, request.side
        of_logits = any(each.quantity in _OF_LOGITS for each in measured)
        if request.under is not None or not of_logits or here in self._largest_logits:
            return self._job_alone(request, measured).run_alone(0)
        scores = self._job_alone(request, (*measured, LargestLogit())).run_alone(0)
        self._largest_logits[here] = float(scores[LargestLogit()])
        return scores

    def _floor_units(self, total: int) -> range:
        count = _FLOOR_UNITS if self.backend.dtype == torch.float32 else _NARROW_FLOOR_UNITS
        return range(0, total, max(1, total // count))[:count]

    def _rounding(self, request: Request) -> float:
        """The float32 rounding of the largest score, or logit where it is made of logits."""
        if request.measurement.quantity in _OF_LOGITS:
            return _EPSILON * self._largest_logit(request.on, request.side)
        scores = self.store.scores[request]
        return _EPSILON * float(np.abs(scores).max(initial=0.0, where=np.isfinite(scores)))

    def _largest_logit(self, on: Prompts, side: Side) -> float:
        """Of a prompt set's first unit, unedited."""
        if (on, side) not in self._largest_logits:
            job = self._job_alone(Request(LargestLogit(), on, side), (LargestLogit(),))
            with self.backend.step_by_step():
                self._largest_logits[on, side] = float(job.run_alone(0)[LargestLogit()])
        return self._largest_logits[on, side]

    def _report(self, done: int, total: int) -> None:
        self.runs += 1
        if self._progress:
            self._progress(done, total)


def _floor_key(request: Request) -> tuple[Measurement, Prompts, bool]:
    return request.measurement, request.on, request.under is None


def _largest_difference(together: Array, alone: Array) -> float:
    if alone.ndim:
        together = together[: len(alone)]  # the rest is padding
    difference = np.abs(together - alone)
    return float(np.fmax.reduce(difference, axis=None, initial=0.0))  # NaN is padding, or no score
