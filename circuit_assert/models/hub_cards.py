"""Sizes of hub models that the shipped suites are about, known before anything is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from circuit_assert.models.card import Card


def _card(layers: int, heads: int, d_model: int, vocabulary: int, context: int) -> Card:
    """Of a model whose MLPs are ungated and four times as wide as it is."""
    return Card(
        layers=layers,
        heads=heads,
        kv_heads=heads,
        d_model=d_model,
        d_head=d_model // heads,
        d_mlp=4 * d_model,
        vocabulary=vocabulary,
        context=context,
        mlp_matrices=2,
    )


HUB_CARDS: Mapping[str, Card] = MappingProxyType(
    {
        "gpt2": _card(12, 12, 768, 50_257, 1024),
        "EleutherAI/pythia-160m": _card(12, 12, 768, 50_304, 2048),
        "EleutherAI/pythia-1.4b": _card(24, 16, 2048, 50_304, 2048),
    }
)
"""Hub name → what the model's configuration states."""
