"""From a model's description to a backend that has proved itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from circuit_assert.backends.tokenizer import LOADED, wrapped
from circuit_assert.backends.transformer_lens import TransformerLensBackend, boot, boot_planted
from circuit_assert.backends.validation import validate
from circuit_assert.errors import ModelError
from circuit_assert.models.devices import devices_here
from circuit_assert.models.folder import card_of, check_folder, read_config
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.spec import ModelSpec
from circuit_assert.models.weights import check_weights

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load(spec: ModelSpec) -> TransformerLensBackend:
    """Load a model's weights and check that reading and editing it works.

    Raises:
        ModelError: when it cannot be fetched, loaded, or trusted.
    """
    dtype, devices = _dtype(spec.dtype), devices_here(spec.device)
    backend = (
        _planted(spec.planted, dtype, torch.device(devices[0]))
        if spec.planted
        else _from_files(spec, dtype, devices)
    )
    validate(backend, plain=None if spec.planted else spec.folder())
    return backend


def _planted(
    planted: PlantedModel, dtype: torch.dtype, device: torch.device
) -> TransformerLensBackend:
    return TransformerLensBackend(
        boot_planted(planted, dtype=dtype, device=device),
        name=planted.name,
        tokenizer=planted.tokenizer,
        card=planted.card,
        processing="planted",
    )


def _from_files(
    spec: ModelSpec, dtype: torch.dtype, devices: Sequence[str]
) -> TransformerLensBackend:
    folder = check_folder(spec.folder())
    if spec.source != "zoo":  # the zoo's weights were checked when they were converted
        check_weights(folder)
    card = card_of(read_config(folder))
    tokenizer = LOADED.get(spec, folder)
    before = tokenizer.wrapped if tokenizer else None
    bridge = boot(folder, dtype=dtype, devices=devices, tokenizer=before)
    if tokenizer is None:
        tokenizer = wrapped(bridge.tokenizer, spec, card)
        LOADED.put(spec, folder, tokenizer)
    return TransformerLensBackend(bridge, name=spec.name, tokenizer=tokenizer, card=card)


def _dtype(name: str) -> torch.dtype:
    if name not in _DTYPES:
        raise ModelError(f"dtype is one of {', '.join(_DTYPES)}; got {name!r}.")
    return _DTYPES[name]
