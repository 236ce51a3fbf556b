"""Computing an MLP only at the positions that are asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch

from circuit_assert.backends.base import Edit
from circuit_assert.backends.blocks import replaced_forward


@contextmanager
def only_at(mlp: torch.nn.Module, given: torch.Tensor) -> Generator[None]:
    """The MLP runs at these positions alone while the context lasts; elsewhere it gives NaN.

    An MLP reads one position at a time, so the others change nothing. NaN, so that a score which
    reads more than it said is no score, rather than a wrong one.

    Args:
        mlp: From `[batch, pos, d_model]` to `[batch, pos, d_model]`.
        given: `[batch, pos]`, true where its output is read.
    """
    whole = mlp.forward

    def forward(entering: torch.Tensor, *arguments: Any, **named: Any) -> torch.Tensor:  # noqa: ANN401
        needed = given.to(entering.device)
        there = whole(entering[needed][None], *arguments, **named)[0]
        leaving = torch.full_like(entering, torch.nan)
        leaving[needed] = there.to(leaving)
        return leaving

    with replaced_forward(mlp, forward):
        yield


def given_back(residual: torch.Tensor, positions: torch.Tensor) -> Edit:
    """What leaves a block is replaced at some positions by what is known to leave it there.

    Args:
        residual: `[batch, pos, d_model]`.
        positions: bool `[batch, pos]`, true where it is known.
    """
    return lambda leaving: torch.where(positions[..., None], residual.to(leaving), leaving)
