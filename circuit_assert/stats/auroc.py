"""AUROC: how well a score tells positives from negatives, over all pairs or inside groups."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from circuit_assert.stats.sample import Array, cluster_codes


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """The share of (positive, negative) pairs in which the positive scores higher; ties half.

    Args:
        scores: float[unit].
        labels: bool[unit] (or 0/1), True for positives.

    Returns:
        A number in [0, 1]; NaN without a positive or a negative, or with a score not finite.

    Raises:
        ValueError: when the lengths differ.

    Source: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    return within_group_auroc(scores, labels, [0] * np.size(scores))


def within_group_auroc(scores: ArrayLike, labels: ArrayLike, groups: Sequence[Hashable]) -> float:
    """AUROC inside each group (document), averaged with the groups' numbers of pairs as weights.

    A score that only tells documents apart gets 0.5: pairs never cross groups.

    Args:
        scores: float[unit].
        labels: bool[unit] (or 0/1), True for positives.
        groups: One hashable id per unit. A group without both labels has no pairs and no weight.

    Returns:
        A number in [0, 1]; NaN when no group has a pair, or with a score not finite.

    Raises:
        ValueError: when the lengths differ.
    """
    x, positive = _aligned(scores, labels)
    codes = cluster_codes(groups)
    if codes.size != x.size:
        raise ValueError(f"got {codes.size} groups for {x.size} scores.")
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    counts = [_wins_and_pairs(x[part], positive[part]) for part in np.split(order, starts)]
    if not np.isfinite(x).all():
        return math.nan
    pairs = sum(n for _, n in counts)
    return sum(wins for wins, _ in counts) / pairs if pairs else math.nan


def _aligned(scores: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    x = np.asarray(scores, dtype=np.float64)
    positive = np.asarray(labels, dtype=np.float64)
    if x.shape != positive.shape or x.ndim != 1:
        raise ValueError(f"scores have shape {x.shape} and labels {positive.shape}: one per unit.")
    if not np.isin(positive, (0.0, 1.0)).all():
        raise ValueError("labels are True or False (1 or 0), one per unit.")
    return x, positive


def _wins_and_pairs(scores: Array, positive: Array) -> tuple[float, int]:
    """The Mann-Whitney U and its number of pairs, by ranks: no pairs are enumerated."""
    from scipy import stats

    n = int(positive.sum())
    wins = float(stats.rankdata(scores) @ positive) - n * (n + 1) / 2
    return wins, n * (len(positive) - n)
