"""How features lie in the few dimensions of a toy model; weights are `[..., dimension, feature]`.

Source: Elhage et al. 2022, Toy Models of Superposition.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
REPRESENTED = 0.5
"""A feature whose column is longer than this counts as represented."""


def norms(weights: Reals) -> Reals:
    """The length of each feature's column: `[..., feature]`."""
    return np.linalg.norm(weights, axis=-2)


def interference(weights: Reals) -> Reals:
    """Σ (Ŵ_i · W_j)² over the other features j; NaN for a feature of length 0: `[..., feature]`."""
    own = norms(weights)
    gram = np.swapaxes(weights, -1, -2) @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        onto = gram / own[..., :, None]
    return (onto**2).sum(-1) - own**2


def dimensionality(weights: Reals) -> Reals:
    """D_i = ‖W_i‖² / Σ_j (Ŵ_i · W_j)², j = i included: the share of a dimension that it has.

    1 for a feature on its own, 1/2 in an antipodal pair, 2/3 in a triangle, 2/5 in a pentagon;
    NaN for one of length 0. They add up to the number of dimensions at most.
    """
    own = norms(weights) ** 2
    with np.errstate(invalid="ignore"):
        return own / (own + interference(weights))


def represented(weights: Reals, longer_than: float = REPRESENTED) -> npt.NDArray[np.bool_]:
    """Which features are represented: `[..., feature]`."""
    return norms(weights) > longer_than


def coherence(weights: Reals) -> float:
    """The largest |cosine| of two features, of those longer than 0; weights `[dim, feature]`."""
    own = norms(weights)
    columns = weights[:, own > 0] / own[own > 0]
    cosines = np.abs(columns.T @ columns) - np.eye(columns.shape[1])
    return float(cosines.max(initial=0.0))


def welch_bound(features: int, dimensions: int) -> float:
    """The smallest coherence that so many features can have, √((n − m) / (m (n − 1)))."""
    if features <= dimensions:
        return 0.0
    return math.sqrt((features - dimensions) / (dimensions * (features - 1)))


def antipodal_pairs(weights: Reals, within: float = 0.1) -> list[tuple[int, int]]:
    """Pairs of represented features of opposite directions, their cosine −1 within so much."""
    own = norms(weights)
    chosen = np.flatnonzero(represented(weights))
    columns = weights[:, chosen] / own[chosen]
    cosines = columns.T @ columns
    found = np.argwhere(np.triu(cosines < -1 + within, 1))
    return [(int(chosen[a]), int(chosen[b])) for a, b in found]
