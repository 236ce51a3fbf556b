"""What earlier runs measured of this very model, asked for by request."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from circuit_assert.execution.cache import Remembered, ScoreCache
from circuit_assert.execution.identity import Fingerprinted, Identity, NoIdentity, everything
from circuit_assert.execution.store import Store
from circuit_assert.measurements.activations import Kept
from circuit_assert.measurements.base import AnyRequest, Request, WeightRequest

_LARGE = 1 << 24  # bytes


class Recall:
    """The score cache, seen from one model.

    Args:
        folder: Where scores are kept.
        backend: The model, loaded or known by its files.
        store: It has the prompts' tokens.
    """

    def __init__(self, folder: Path, backend: Fingerprinted, store: Store) -> None:
        self.reused = 0
        self._cache = ScoreCache(folder)
        self._tokenizer = backend.tokenizer
        self._identity = Identity(backend, store)
        self._cache.tidy()

    def get(self, request: AnyRequest) -> Remembered | None:
        """Its scores, or the reason why there are none; None when it was never measured.

        Activations are not kept, they stay in the engine.
        """
        if isinstance(request, Request) and isinstance(request.measurement, Kept):
            return None
        kept = self._get("scores", *self._described(request))
        self.reused += kept is not None
        return kept

    def put(self, request: AnyRequest, what: Remembered) -> None:
        """Keep its scores for later runs, unless only its owner can tell it from others.

        What weights alone give is kept unless it is large: to read that back saves little.
        """
        large = not isinstance(what, str) and what.nbytes > _LARGE
        if isinstance(request, Request) or not large:
            self._put(what, "scores", *self._described(request))

    def floor(self, request: Request) -> float | None:
        """How far batching and resuming moved its kind's scores, when that was tried."""
        kept = self._get("floor", request.measurement, request.on, request.under is None)
        return None if kept is None else float(kept)

    def put_floor(self, request: Request, floor: float) -> None:
        """Keep how far batching and resuming moved its kind's scores."""
        given = ("floor", request.measurement, request.on, request.under is None)
        self._put(np.asarray(floor), *given)

    def text_key(self, *given: object) -> str | None:
        """What is kept under all that is given, made by all of this package's code.

        None where only its owner can tell what is given from others.
        """
        return self._key("text", everything(), self._cut, *given)

    def text(self, key: str) -> str | None:
        """A text that was kept under a key."""
        kept = self._cache.get(key)
        return kept if isinstance(kept, str) else None

    def put_text(self, text: str, key: str) -> None:
        """Keep a text."""
        self._cache.put(key, text)

    def made(self, key: str) -> bytes | None:
        """What was made, and kept under a key."""
        kept = self._cache.get(key)
        return kept.tobytes() if isinstance(kept, np.ndarray) else None

    def put_made(self, made: bytes, key: str) -> None:
        """Keep what was made."""
        self._cache.put(key, np.frombuffer(made, np.uint8))

    def _get(self, *given: object) -> Remembered | None:
        key = self._key(*given)
        return None if key is None else self._cache.get(key)

    def _put(self, what: Remembered, *given: object) -> None:
        key = self._key(*given)
        if key is not None:
            self._cache.put(key, what)

    def _key(self, *given: object) -> str | None:
        try:
            return self._identity.of(*given)
        except NoIdentity:
            return None

    def _described(self, request: AnyRequest) -> tuple[object, ...]:
        """All that its scores depend on beside the model: for weights, also how texts are cut."""
        if isinstance(request, WeightRequest):
            return "weights", request.measurement, self._cut
        return request.measurement, request.on, request.side, request.under

    @property
    def _cut(self) -> object:
        """How texts are cut into tokens."""
        return getattr(self._tokenizer, "fingerprint", None) or _Unknown()


class _Unknown:
    """Something that cannot be told from something else."""
