"""What a planted model's head does, worked out in NumPy."""

import numpy as np


def attention(weights, stream, layer, head, width):
    """A head's pattern, `[query, key]`, and what it writes for each token, `[key, d_model]`.

    Args:
        weights: Arrays by their names.
        stream: `[pos, d_model]`.
        layer: The head's.
        head: Its number.
        width: d_head.
    """
    block, rows = f"layers.{layer}.attn", slice(head * width, (head + 1) * width)
    q, k, v = (
        stream @ weights[f"{block}.{n}.weight"][rows].T + weights[f"{block}.{n}.bias"][rows]
        for n in "qkv"
    )
    scores = np.where(np.tri(len(stream)) > 0, q @ k.T / np.sqrt(width), -np.inf)
    pattern = np.exp(scores - scores.max(1, keepdims=True))
    return pattern / pattern.sum(1, keepdims=True), v @ weights[f"{block}.o.weight"][:, rows].T
