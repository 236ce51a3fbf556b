"""Models as transformer-lens loads them, with nothing of the engine's in them."""

from __future__ import annotations

from typing import Any

import torch

from circuit_assert.backends.transformer_lens import boot, boot_planted
from circuit_assert.models.spec import ModelSpec


def plain_bridge(spec: ModelSpec) -> Any:
    """What a notebook works with: the same weights, in float32 on the CPU.

    Args:
        spec: A planted model, or one with files.
    """
    if spec.planted is not None:
        bridge = boot_planted(spec.planted, dtype=torch.float32, device=torch.device("cpu"))
    else:
        bridge = boot(spec.folder(), dtype=torch.float32, devices=["cpu"])
    return bridge.eval()
