"""What earlier runs measured of this very model, asked for by request."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from circuit_assert.backends.base import Backend
from circuit_assert.execution.cache import Remembered, ScoreCache
from circuit_assert.execution.identity import Identity, NoIdentity
from circuit_assert.execution.store import Store
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import AnyRequest, Request


class Recall:
    """The score cache, seen from one loaded model.

    Args:
        folder: Where scores are kept.
        backend: The model.
        store: It has the prompts' tokens.
    """

    def __init__(self, folder: Path, backend: Backend, store: Store) -> None:
        self.reused = 0
        self._cache = ScoreCache(folder)
        self._identity = Identity(backend, store)
        self._cache.tidy()

    def get(self, request: AnyRequest) -> Remembered | None:
        """Its scores, or the reason why there are none; None when it was never measured.

        What needs no run is not kept, nor are activations, which stay in the engine.
        """
        if not isinstance(request, Request) or isinstance(request.measurement, Kept):
            return None
        kept = self._get("scores", *_described(request))
        self.reused += kept is not None
        return kept

    def put(self, request: Request, what: Remembered) -> None:
        """Keep its scores for later runs, unless only its owner can tell it from others."""
        self._put(what, "scores", *_described(request))

    def floor(self, request: Request) -> float | None:
        """How far batching and resuming moved its kind's scores, when that was tried."""
        kept = self._get("floor", request.measurement, request.on, request.under is None)
        return None if kept is None else float(kept)

    def put_floor(self, request: Request, floor: float) -> None:
        """Keep how far batching and resuming moved its kind's scores."""
        given = ("floor", request.measurement, request.on, request.under is None)
        self._put(np.asarray(floor), *given)

    def _get(self, *given: object) -> Remembered | None:
        try:
            return self._cache.get(self._identity.of(*given))
        except NoIdentity:
            return None

    def _put(self, what: Remembered, *given: object) -> None:
        try:
            key = self._identity.of(*given)
        except NoIdentity:
            return
        self._cache.put(key, what)


def _described(request: Request) -> tuple[object, ...]:
    return request.measurement, request.on, request.side, request.under
