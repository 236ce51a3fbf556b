"""What a score depends on, as one hash: model, tokens, intervention, measurement, code."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from types import FunctionType
from typing import Any, Protocol, cast

import numpy as np
import torch

from circuit_assert.dictionaries.dictionary import Dictionary
from circuit_assert.execution.store import Store
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Prompts, Tokenizer
from circuit_assert.prompts.functions import NotPlain, parts_of

_PACKAGE = "circuit_assert"
_ROOMS = (
    "components.py",
    "circuits.py",
    "dictionaries",
    "interventions.py",
    "path_patches.py",
    "prompts",
    "measurements",
    "models",
    "backends",
    "execution",
)
"""The rooms whose code decides what a score is."""
_LIBRARIES = ("torch", "transformers", "transformer-lens", "tokenizers", "numpy")
_OF_STATISTICS = ("scipy", "statsmodels")


class NoIdentity(Exception):  # noqa: N818 - an answer, not a failure
    """Something that a score depends on cannot be told from something else."""


class Fingerprinted(Protocol):
    """A model of which it is known what its weights are."""

    @property
    def fingerprint(self) -> str:
        """A hash of the weights and of how they were made."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it is."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        ...


class Identity:
    """Hashes of what is measured on one model.

    Prompts count as their tokens in this model, so that a changed tokenizer is a change.

    Args:
        backend: The model.
        store: It has the prompts' tokens.
    """

    def __init__(self, backend: Fingerprinted, store: Store) -> None:
        self._store = store
        device = backend.device
        self._circumstances = "\n".join([backend.fingerprint, device.type, engine()])
        self._prompts: dict[Prompts, str] = {}
        self._kinds: dict[type, bool] = {}

    def of(self, *what: object) -> str:
        """One hash of everything given.

        Raises:
            NoIdentity: when something is of a kind that only its owner can compare: a
                measurement, intervention or value that is not the library's.
        """
        digest = hashlib.sha256(self._circumstances.encode())
        for part in self._parts(what):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    def _parts(self, value: object) -> Iterable[bytes]:
        match value:  # the commonest first: to tell prompts from others takes long
            case None | bool() | int() | float() | str():
                yield f"{type(value).__name__} {value!r}".encode()
            case tuple():
                yield from self._of_members(value)
            case _ if self._is_prompts(value):
                yield self._of_prompts(cast("Prompts", value)).encode()
            case Model():
                yield b"the model"  # it is in the circumstances
            case Dictionary():
                yield f"dictionary {value.fingerprint}".encode()
            case FunctionType():
                yield from self._of_function(value)
            case re.Pattern():
                pattern: re.Pattern[str] = value
                yield f"pattern {pattern.flags} {pattern.pattern!r}".encode()
            case np.ndarray():
                array: np.ndarray[Any, Any] = value
                yield f"array {array.dtype} {array.shape}".encode()
                yield np.ascontiguousarray(array).tobytes()
            case frozenset():
                of_set: frozenset[Any] = value
                yield f"set of {len(of_set)}".encode()
                yield from sorted(b"".join(self._parts(each)) for each in of_set)
            case Mapping():
                items: Mapping[Any, Any] = value
                yield f"mapping of {len(items)}".encode()
                for key in sorted(items, key=repr):
                    yield from self._parts((key, items[key]))
            case Sequence():
                yield from self._of_members(value)
            case _:
                yield from self._of_dataclass(value)

    def _is_prompts(self, value: object) -> bool:
        """A protocol of attributes is looked for in each object: once for a kind is enough."""
        kind = type(value)
        if kind not in self._kinds:
            self._kinds[kind] = isinstance(value, Prompts)
        return self._kinds[kind]

    def _of_members(self, members: Sequence[Any]) -> Iterable[bytes]:
        yield f"sequence of {len(members)}".encode()
        for member in members:
            yield from self._parts(member)

    def _of_function(self, function: FunctionType) -> Iterable[bytes]:
        try:
            return self._parts(parts_of(function))
        except NotPlain as reason:
            raise NoIdentity(str(reason)) from None

    def _of_dataclass(self, value: object) -> Iterable[bytes]:
        kind = type(value)
        if not is_dataclass(value) or kind.__module__.split(".")[0] != _PACKAGE:
            raise NoIdentity(f"{kind.__module__}.{kind.__qualname__}")
        yield f"{kind.__module__}.{kind.__qualname__}".encode()
        for field in fields(value):
            yield field.name.encode()
            yield from self._parts(getattr(value, field.name))

    def _of_prompts(self, prompts: Prompts) -> str:
        if prompts not in self._prompts:
            self._prompts[prompts] = self.of(self._store.tokenized(prompts))
        return self._prompts[prompts]


@lru_cache(maxsize=1)
def engine() -> str:
    """A hash of the engine's code and of the versions of what it runs on."""
    return _hash_of(_ROOMS, _LIBRARIES)


@lru_cache(maxsize=1)
def everything() -> str:
    """A hash of all of the package's code and of the versions of what it runs and judges with."""
    rooms = sorted(each.name for each in resources.files(_PACKAGE).iterdir())
    return _hash_of([room for room in rooms if room != "__pycache__"], _LIBRARIES + _OF_STATISTICS)


def _hash_of(rooms: Iterable[str], libraries: Iterable[str]) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for library in libraries:
        digest.update(f"{library} {metadata.version(library)}\n".encode())
    package = resources.files(_PACKAGE)
    for room in rooms:
        for name, content in _files(package / room):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(place: Traversable) -> Iterable[tuple[str, bytes]]:
    if place.is_file():
        yield place.name, place.read_bytes()
        return
    for child in sorted(place.iterdir(), key=lambda each: each.name):
        if child.name != "__pycache__":
            yield from _files(child)
