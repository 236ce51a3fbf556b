"""A dictionary at a place of a model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from circuit_assert.components import Site
from circuit_assert.dictionaries.encoders import Encoder

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Dictionary:
    """What encodes one site, and decodes to the same or to another. Equal when it computes alike.

    Args:
        name: What sentences call it.
        encoder: What it computes.
        reads: The site that it encodes.
        writes: The site that it decodes to; for a transcoder, another one.
    """

    name: str
    encoder: Encoder = field(repr=False)
    reads: Site
    writes: Site

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dictionary) and other.fingerprint == self.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def fingerprint(self) -> str:
        """A hash of what it computes, and of where."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        said = f"{self.encoder.fingerprint} {self.reads} {self.writes}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def latents(self) -> int:
        """How many it has."""
        return self.encoder.latents

    def encode(self, activation: torch.Tensor, /) -> torch.Tensor:
        """`[..., d_in]` → `[..., latent]`."""
        return self.encoder.encode(activation)

    def decode(self, activations: torch.Tensor, /) -> torch.Tensor:
        """`[..., latent]` → `[..., d_out]`."""
        return self.encoder.decode(activations)

    def direction(self, latent: int, /) -> torch.Tensor:
        """What an activation of 1 writes: `[d_out]`."""
        return self.encoder.direction(latent)
