"""Thresholds on one number that tell some documents from others, and how well they do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def f1(hits: float, said: float, there: float) -> float:
    """2TP / (2TP + FP + FN): of the context and said to be; said to be; of the context."""
    return 2 * hits / (said + there) if said + there else 0.0


def best_cut(values: Reals, labels: Bools) -> tuple[float, float, float]:
    """The threshold of largest F1: the way it is looked from, its value that way, and that F1.

    The way is the sign that the values have on average where the label holds: above the threshold
    is then what is further from nothing, and a neuron has the same as its mirror image. Only
    between different values, in the middle between the two.

    Args:
        values: `[unit]`.
        labels: `[unit]`.
    """
    sign = 1.0 if values[labels].mean() >= 0 else -1.0
    return sign, *_cut(sign * values, labels)


def best_either_way(values: Reals, labels: Bools) -> float:
    """The largest F1 of a threshold, whichever side of it is said to be of the context."""
    return max(_cut(sign * values, labels)[1] for sign in (1.0, -1.0))


def _cut(values: Reals, labels: Bools) -> tuple[float, float]:
    """Above which value the label is best said to hold, and the F1 of that."""
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    scores = _f1_of_first(labels[order][None])[0, :-1]
    scores = np.where(ranked[:-1] > ranked[1:], scores, -1.0)
    best = int(np.argmax(scores))
    return float(ranked[best] + ranked[best + 1]) / 2, float(scores[best])


def best_of_all(values: Reals, ranked: Ints, labels: Bools) -> float:
    """The largest F1 that any row's threshold has, each looked at as `best_cut` does.

    Args:
        values: `[row, unit]`.
        ranked: `[row, unit]`, each row's units from the largest value to the smallest.
        labels: `[unit]`.
    """
    upwards = values[:, labels].sum(1) >= 0
    ordered = np.where(upwards[:, None], labels[ranked], labels[ranked[:, ::-1]])
    return float(_f1_of_first(ordered).max())


def _f1_of_first(labels: Bools) -> Reals:
    """F1 when the first k are said to be of the context: `[row, unit]`, k from 1."""
    hits = labels.cumsum(1)
    return 2 * hits / (np.arange(1, labels.shape[1] + 1) + hits[:, -1:])


def shuffled(labels: Bools, clusters: Sequence[str], generator: np.random.Generator) -> Bools:
    """Labels given to other units, so that what they depend on stays.

    Where units of one cluster differ (translations of a paragraph), within clusters; else whole
    clusters exchange theirs.

    Args:
        labels: `[unit]`.
        clusters: One id per unit.
        generator: What draws.
    """
    codes = np.unique(np.array(clusters), return_inverse=True)[1]
    counts = np.bincount(codes)
    means = np.bincount(codes, labels) / counts
    if ((means == 0) | (means == 1)).all():
        return (generator.permutation(means) == 1)[codes]
    found = labels.copy()
    for cluster in range(len(counts)):
        members = np.flatnonzero(codes == cluster)
        found[members] = generator.permutation(labels[members])
    return found
