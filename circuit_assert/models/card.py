"""The sizes of a model, known before its weights are loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What can be said of a model from its configuration alone.

    Enough to refuse a component that does not exist before anything is downloaded or loaded.

    Args:
        layers: Transformer blocks; the last is `layers - 1`.
        heads: Query heads of each block.
        kv_heads: Key/value heads of each block; fewer than `heads` under grouped queries.
        d_model: Width of the residual stream.
        d_head: Width of one head.
        d_mlp: Neurons of each MLP.
        vocabulary: Rows of the embedding.
        context: Longest sequence in tokens; None where the configuration states none.
        mlp_matrices: Of each MLP: three where it is gated, two where it is not.
    """

    layers: int
    heads: int
    kv_heads: int
    d_model: int
    d_head: int
    d_mlp: int
    vocabulary: int
    context: int | None
    mlp_matrices: int = 3
