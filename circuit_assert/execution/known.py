"""What is known of one model: its scores, with or without its weights in memory."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

from circuit_assert.backends.base import Backend
from circuit_assert.errors import ExecutionError
from circuit_assert.execution.cost import Work
from circuit_assert.execution.executor import Executor
from circuit_assert.execution.memory import budget, release
from circuit_assert.execution.recall import Recall
from circuit_assert.execution.seen import remember, seen_before
from circuit_assert.execution.store import Store
from circuit_assert.measurements.base import AnyRequest, Array
from circuit_assert.models.card import bytes_each, parameters
from circuit_assert.models.spec import ModelSpec
from circuit_assert.prompts.base import Prompts, TokenizedPrompts

Progress = Callable[[str, int, int], None]
_SMALL = 1 << 24  # bytes of weights


class Known:
    """One model's scores. They outlive its weights, which can be unloaded and loaded again.

    Args:
        spec: Which model.
        progress: Called with a text, the rows done and the rows in all.
        cache: The folder with the scores of earlier runs; None for none.
        memory: Bytes that activations may take, kept ones included; None for no limit.
    """

    def __init__(
        self,
        spec: ModelSpec,
        progress: Progress | None = None,
        cache: Path | None = None,
        memory: int | None = None,
    ) -> None:
        self.spec = spec
        self.fingerprint = ""
        self._progress, self._cache, self._memory = progress, cache, memory
        self._executor: Executor | None = None
        self._store: Store | None = None
        self._earlier: Recall | None = None
        self._before = Work()

    @property
    def executor(self) -> Executor:
        """What runs the model.

        Raises:
            ExecutionError: when it is not loaded.
        """
        if self._executor is None:
            raise ExecutionError(f"{self.spec.name} is not loaded.")
        return self._executor

    @property
    def weights(self) -> Backend:
        """The loaded model, for what needs no run."""
        return self.executor.backend

    @property
    def work(self) -> Work:
        """What has been done for this model so far, also before it was unloaded."""
        return self._before + (self._executor.work if self._executor else Work())

    @property
    def runs(self) -> int:
        """Forward passes so far."""
        return self.work.runs

    @property
    def reused(self) -> int:
        """Scores that were read from the cache."""
        return self.work.reused

    def load(self) -> None:
        """Load the weights, unless they are."""
        if self._executor is not None:
            return
        from circuit_assert.backends.load import load

        if self._progress:
            self._progress(f"loading {self.spec.name}", 0, 0)
        backend = load(self.spec)
        recognised, self.fingerprint = self.fingerprint, backend.fingerprint
        self._executor = Executor(
            backend,
            memory=budget(backend.devices, self._memory),
            progress=self._report,
            store=self._store,
            cache=self._cache,
        )
        self._store = self._executor.store
        if self._cache and recognised != self.fingerprint:
            remember(self.spec, backend.fingerprint, backend.tokenizer, self._cache)

    def recognise(self) -> bool:
        """Whether texts of earlier runs can be recalled: it is loaded, or was with these files."""
        if self._executor is None and self._earlier is None and self._cache:
            seen = seen_before(self.spec, self._cache)
            if seen is not None:
                self.fingerprint = seen.fingerprint
                self._earlier = Recall(self._cache, seen, Store(seen.tokenizer))
        return self._executor is not None or self._earlier is not None

    def unload(self) -> None:
        """Free the weights; scores stay. Warns when something outside still holds the model.

        To look for what only a model's own cycles hold takes half a second where large libraries
        are loaded. A model so small that nobody misses its memory waits for Python to do it.
        """
        if self._executor is None:
            return
        self._before = self.work
        self._executor.store.forget_activations(beyond=0)
        backend = self._executor.backend
        small = parameters(backend.card)[1] * bytes_each(self.spec.dtype) < _SMALL
        model, devices = weakref.ref(backend), backend.devices
        self._executor = None
        del backend
        if small:
            return
        gc.collect()
        release(devices)
        if model() is not None:
            warnings.warn(f"{self.spec.name} is still in memory: something holds it.", stacklevel=2)

    def apart(self) -> Known:
        """The same loaded model with nothing measured, for scores that are not to be kept."""
        other = Known(self.spec, self._progress, memory=self._memory)
        other.fingerprint = self.fingerprint
        other._executor = Executor(
            self.weights, memory=self.executor.memory, progress=other._report
        )
        return other

    def run(self, requests: Iterable[AnyRequest]) -> None:
        """Measure what has not been measured yet."""
        self.executor.run(requests)

    def noise_floor(self, request: AnyRequest) -> float:
        """How far the engine's own choices move a request's scores."""
        return self.executor.noise_floor(request)

    @property
    def recall(self) -> Recall | None:
        """What earlier runs kept of this model; None where there is no cache.

        Raises:
            ExecutionError: when the model is neither loaded nor recognised.
        """
        if self._executor is None and self._earlier is not None:
            return self._earlier
        return self.executor.recall

    def failure(self, request: AnyRequest) -> str | None:
        """Why a request has no scores, if its intervention changed nothing."""
        return self.executor.store.failures.get(request)

    def __contains__(self, request: AnyRequest) -> bool:
        return self.executor.store.has(request)

    def __getitem__(self, request: AnyRequest) -> Array:
        return self.executor.store.scores[request]

    def tokenized(self, prompts: Prompts) -> TokenizedPrompts:
        """A set in the model's tokens."""
        return self.executor.store.tokenized(prompts)

    def _report(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(f"measuring {self.spec.name}", done, total)
