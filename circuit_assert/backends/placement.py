"""Weights on several devices: how they are spread, and where each part of a model is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from circuit_assert.errors import ModelError

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

_ROOM = 0.9  # of what is free: the rest is for activations


def spread_over(devices: Sequence[str]) -> dict[str, Any]:
    """What transformers is to be told so that it spreads blocks over CUDA devices, and no others.

    Args:
        devices: As "cuda:0", two at least.
    """
    free = {torch.device(name).index: torch.cuda.mem_get_info(name)[0] for name in devices}
    room = {index: int(_ROOM * there) for index, there in free.items()}
    return {"device_map": "balanced", "max_memory": room}


def wholly_on(bridge: TransformerBridge, devices: Sequence[str]) -> TransformerBridge:
    """The same bridge, unless weights were put elsewhere for want of room.

    Raises:
        ModelError: when some are on a disk, or on a device that was not given.
    """
    there = {str(each) for each in devices_of(bridge.original_model)}
    elsewhere = sorted(there - set(devices))
    if elsewhere:
        raise ModelError(
            f"{', '.join(devices)} together have no room for its weights: some would be on "
            f"{', '.join(elsewhere).replace('meta', 'the disk')}. Load it in bfloat16, on more or "
            "larger devices, or free these."
        )
    return bridge


def devices_of(module: torch.nn.Module) -> tuple[torch.device, ...]:
    """Every device that holds a parameter, in the order of the model."""
    return tuple(dict.fromkeys(parameter.device for parameter in module.parameters()))


def device_of(module: torch.nn.Module, otherwise: torch.device) -> torch.device:
    """Where a part of a model is.

    Args:
        module: The part.
        otherwise: Where what has no parameters is taken to be.
    """
    found = next(module.parameters(), None)
    return otherwise if found is None else found.device
