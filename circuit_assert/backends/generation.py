"""Writing on: one token after another, with vectors added to the residual stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from circuit_assert.backends.base import Backend, Edit
from circuit_assert.components import Site

Edits: TypeAlias = dict[Site, list[Edit]]
Run: TypeAlias = Callable[[torch.Tensor, Edits], torch.Tensor]
"""From tokens `[batch, pos]` and edits to what leaves the last block, `[batch, pos, d_model]`."""

_FIRST = 1  # the first position, an attention sink, is left as it is
_TRIED = 8
_DRAWN_AT_ONCE = 32  # rows, of a vocabulary's shares in float64
_ROUNDINGS = 1000  # by how many units in the last place it may differ: 85 did, in 30 layers


@torch.no_grad()
def written_on(
    backend: Backend,
    tokens: torch.Tensor,
    steps: int,
    *,
    site: Site | None,
    vectors: torch.Tensor | None,
    draws: torch.Tensor | None,
    cached: Run | None = None,
) -> torch.Tensor:
    """The tokens that follow rows of equal length: see `Backend.generate`.

    Args:
        backend: The model.
        tokens: The rows.
        steps: How many tokens to write.
        site: Where vectors are added.
        vectors: `[batch, d_model]`.
        draws: As in `Backend.generate`.
        cached: A run that remembers the keys and values of earlier positions, so that each token
            runs once; None to run whole rows each time.
    """
    start = tokens.shape[1]
    tokens = tokens.to(backend.device)
    for step in range(steps):
        begun = cached is not None and tokens.shape[1] > start
        edits: Edits = {}
        if site is not None and vectors is not None:
            edits[site] = [_adding(vectors.to(backend.device), after=0 if begun else _FIRST)]
        run = cached or _whole(backend)
        final = run(tokens[:, -1:] if begun else tokens, edits)
        following = _chosen(backend, final[:, -1], None if draws is None else draws[:, step])
        tokens = torch.cat([tokens, following[:, None]], dim=1)
    return tokens[:, start:]


def remembers_exactly(backend: Backend, new: Callable[[], Run]) -> bool:
    """Whether tokens run one after the other give what they give together, within rounding.

    Args:
        backend: The model.
        new: Makes a run that remembers keys and values from one call to the next.
    """
    tokens = torch.arange(2, 2 + 2 * _TRIED, device=backend.device) % backend.card.vocabulary
    tokens = tokens.view(2, _TRIED)
    whole = _whole(backend)(tokens, {})[:, -1]
    cached = new()
    cached(tokens[:, :-2], {})
    cached(tokens[:, -2:-1], {})
    last = cached(tokens[:, -1:], {})[:, -1]
    within = _ROUNDINGS * torch.finfo(whole.dtype).eps * float(whole.abs().max())
    return float((whole - last).abs().max()) <= within


def _whole(backend: Backend) -> Run:
    def run(tokens: torch.Tensor, edits: Edits) -> torch.Tensor:
        needed = torch.zeros(tokens.shape, dtype=torch.bool)
        needed[:, -1] = True
        return backend.run(
            tokens,
            reads={},
            edits=edits,
            last_layer=backend.card.layers - 1,
            needed=needed if backend.can_narrow else None,
        )

    return run


def _adding(vectors: torch.Tensor, *, after: int) -> Edit:
    def edit(activation: torch.Tensor) -> torch.Tensor:
        edited = activation.clone()
        edited[:, after:] += vectors.to(edited)[:, None]
        return edited

    return edit


def _chosen(backend: Backend, residual: torch.Tensor, draws: torch.Tensor | None) -> torch.Tensor:
    """The likeliest token of each row, or the one at a point of the cumulated distribution."""
    if draws is None:
        return backend.top_tokens(residual, 1)[:, 0]
    parts = zip(residual.split(_DRAWN_AT_ONCE), draws.split(_DRAWN_AT_ONCE), strict=True)
    return torch.cat([_drawn(backend, *part) for part in parts])


def _drawn(backend: Backend, residual: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    shares = backend.all_logits(residual).double().softmax(-1).cumsum(-1)
    points = draws.to(shares)[:, None] * shares[:, -1:]
    found = torch.searchsorted(shares, points, right=True)[:, 0]
    return found.clamp_max(shares.shape[-1] - 1)  # a product that was rounded up
