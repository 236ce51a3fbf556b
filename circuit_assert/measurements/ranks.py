"""Counting what ranks before something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def count_ahead(scores: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """How many scores are as large as one's own: `[..., n]`, `[...]` → `[...]`, whole numbers.

    Args:
        scores: A piece of at most some millions; what is in it is lost.
        own: With which they are compared, lowered by what rounding could do.
    """
    import torch

    # ones and zeros in the place of the scores: booleans take three times as long to count
    return torch.ge(scores, own[..., None], out=scores).sum(-1).long()
