"""The sizes of a model, known before its weights are loaded."""

from __future__ import annotations

from dataclasses import dataclass

from circuit_assert.errors import ModelError

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


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


def projection_weights(card: Card) -> int:
    """Of one block's queries, keys, values and outputs."""
    return 2 * card.d_model * card.d_head * (card.heads + card.kv_heads)


def mlp_weights(card: Card) -> int:
    """Of one block's MLP."""
    return card.mlp_matrices * card.d_model * card.d_mlp


def parameters(card: Card) -> tuple[int, int]:
    """About how many a model has: in its blocks, and in all.

    Args:
        card: Its sizes.
    """
    blocks = card.layers * (projection_weights(card) + mlp_weights(card))
    return blocks, blocks + card.vocabulary * card.d_model


def bytes_each(dtype: str) -> int:
    """Bytes of one number.

    Raises:
        ModelError: when weights are not loaded as such.
    """
    if dtype not in _BYTES:
        raise ModelError(f"dtype is one of {', '.join(_BYTES)}; got {dtype!r}.")
    return _BYTES[dtype]
