"""Models that were loaded before: told by their files, so that a verdict needs no weights."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from circuit_assert.backends.tokenizer import tokenizer_at_hand
from circuit_assert.errors import ModelError
from circuit_assert.execution.cache import ScoreCache
from circuit_assert.execution.identity import engine
from circuit_assert.models.devices import devices_here
from circuit_assert.models.folder import stamp
from circuit_assert.models.spec import ModelSpec
from circuit_assert.prompts.base import Tokenizer


@dataclass(frozen=True)
class Seen:
    """A model whose files are those of one that was loaded before, without its weights.

    Args:
        fingerprint: Its weights' hash, from when they were loaded.
        device: Where it would be loaded.
        tokenizer: Its tokenizer.
    """

    fingerprint: str
    device: torch.device
    tokenizer: Tokenizer


def seen_before(spec: ModelSpec, cache: Path) -> Seen | None:
    """The model if its files, and the code that would load them, are as they were then.

    Files are compared by name, size and time of change, as build tools do. A tokenizer that
    differs from the one that the model was loaded with makes it unknown.

    Args:
        spec: Which model. A planted model is not known by files, nor one that is not at hand.
        cache: The folder with the scores of earlier runs.
    """
    try:
        key = _key_of(spec)
        said = ScoreCache(cache).get(key) if key else None
        if not isinstance(said, str):
            return None
        tokenizer = tokenizer_at_hand(spec)
    except (ModelError, OSError):
        return None  # whoever loads it meets the error
    stated: dict[str, object] = json.loads(said)
    if tokenizer is None or _told(tokenizer) != stated.pop("tokenizer"):
        return None
    return Seen(str(stated["fingerprint"]), torch.device(spec.place().split(",")[0]), tokenizer)


def remember(spec: ModelSpec, fingerprint: str, tokenizer: Tokenizer, cache: Path) -> None:
    """Keep what a model's weights and tokenizer were when it was loaded.

    Args:
        spec: Which model.
        fingerprint: Its weights' hash.
        tokenizer: The one it was loaded with.
        cache: The folder with the scores of earlier runs.
    """
    key = _key_of(spec)
    if key:
        said = {"fingerprint": fingerprint, "tokenizer": _told(tokenizer)}
        ScoreCache(cache).put(key, json.dumps(said))


def _told(tokenizer: Tokenizer) -> list[object]:
    """What tells one tokenizer from another, as JSON gives it back."""
    cut = getattr(tokenizer, "fingerprint", None)
    return [cut, list(tokenizer.beginning), tokenizer.vocabulary_size]


def _is_there(device: str) -> bool:
    try:
        return bool(devices_here(device))
    except ModelError:
        return False  # whoever loads it meets the error


def _key_of(spec: ModelSpec) -> str | None:
    folder = spec.folder_at_hand()
    if folder is None or not _is_there(spec.device):
        return None
    where = [spec.name, spec.revision, spec.dtype, spec.place(), engine()]
    described = [where, *stamp(folder)]
    return hashlib.sha256(json.dumps(["seen", *described]).encode()).hexdigest()
