"""Writing on: one token after another, with vectors added to the residual stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from circuit_assert.backends.base import Edit

if TYPE_CHECKING:
    from circuit_assert.backends.base import Backend
    from circuit_assert.components import Site

_FIRST = 1  # the first position, an attention sink, is left as it is


@torch.no_grad()
def written_on(
    backend: Backend,
    tokens: torch.Tensor,
    steps: int,
    *,
    site: Site | None,
    vectors: torch.Tensor | None,
    seed: int | None,
) -> torch.Tensor:
    """The tokens that follow rows of equal length: see `Backend.generate`."""
    edits: dict[Site, list[Edit]] = {}
    if site is not None and vectors is not None:
        edits[site] = [_adding(vectors.to(backend.device))]
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    last, start = backend.card.layers - 1, tokens.shape[1]
    tokens = tokens.to(backend.device)
    for _ in range(steps):
        needed = torch.zeros(tokens.shape, dtype=torch.bool)
        needed[:, -1] = True
        final = backend.run(
            tokens,
            reads={},
            edits=edits,
            last_layer=last,
            needed=needed if backend.can_narrow else None,
        )
        following = _chosen(backend, final[:, -1], generator)
        tokens = torch.cat([tokens, following[:, None]], dim=1)
    return tokens[:, start:]


def _adding(vectors: torch.Tensor) -> Edit:
    def edit(activation: torch.Tensor) -> torch.Tensor:
        edited = activation.clone()
        edited[:, _FIRST:] += vectors.to(edited)[:, None]
        return edited

    return edit


def _chosen(
    backend: Backend, residual: torch.Tensor, generator: torch.Generator | None
) -> torch.Tensor:
    """The likeliest token of each row, or one drawn at temperature 1."""
    if generator is None:
        return backend.top_tokens(residual, 1)[:, 0]
    logits = backend.all_logits(residual).float().cpu()
    drawn = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    noise = -torch.log(-torch.log(drawn.clamp(1e-300, 1 - 1e-16)))  # Gumbel
    return (logits.double() + noise).argmax(-1).to(residual.device)
