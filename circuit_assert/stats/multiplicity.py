"""Many claims at once: adjusted p-values for a report. No verdict depends on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from circuit_assert.stats.sample import Array


def holm(p_values: ArrayLike) -> Array:
    """Holm's adjusted p-values: those up to α are true with a family-wise error of at most α.

    Holds under any dependence, which claims that share models and prompts have.

    Args:
        p_values: float[claim], each in [0, 1]. An undecidable claim has 1.0.

    Returns:
        float64[claim], in the same order.

    Raises:
        ValueError: when a p-value is NaN or outside [0, 1].

    Source: Holm 1979, https://www.jstor.org/stable/4615733.
    """
    # Not by statsmodels, which then collects garbage: beside a loaded model that takes long.
    p = _checked(p_values)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_yekutieli(p_values: ArrayLike) -> Array:
    """Benjamini and Yekutieli's q-values: the false discovery rate under any dependence.

    Args:
        p_values: float[claim], each in [0, 1]. An undecidable claim has 1.0.

    Returns:
        float64[claim], in the same order.

    Raises:
        ValueError: when a p-value is NaN or outside [0, 1].

    Source: Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998.
    """
    # Not by statsmodels: importing it takes longer than a run whose verdicts are all known.
    p = _checked(p_values)
    ranks = np.arange(p.size, 0, -1)
    falling = np.argsort(-p)
    stepped = np.minimum.accumulate(p[falling] * p.size * (1 / ranks).sum() / ranks)
    adjusted = np.empty_like(p)
    adjusted[falling] = np.minimum(stepped, 1.0)
    return adjusted


def _checked(p_values: ArrayLike) -> Array:
    p = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"a p-value lies in [0, 1], got {p[~((p >= 0) & (p <= 1))][0]}.")
    return p
