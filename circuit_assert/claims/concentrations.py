"""How concentrated effects are among components, from noisy effects: bounded from both sides.

The absolute value of a noisy mean is too large, and the largest of many noisy ones are: sums of
them, with weights that are larger for larger ones and never negative, are too large on average.
They are bounded from below by cross products: the sign and rank that a component has on all
clusters but one, with its mean on that one, averaged over clusters. Noise of different clusters
cancels, and a wrong sign or rank makes such a sum smaller. Each statistic is a ratio of two sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Reals: TypeAlias = npt.NDArray[np.float64]
Name: TypeAlias = Literal["gini", "share", "participation ratio"]
Side: TypeAlias = Literal["plug-in", "from below", "from above"]
_SURE = 2.0  # standard errors


@dataclass(frozen=True)
class Concentration:
    """A statistic of absolute effects.

    Args:
        name: "gini": 0 where all are alike, 1 − 1/n where one is all; "share": of the sum that the
            `top` largest have; "participation ratio": (Σ|e|)² / (n Σe²), the fraction of
            components that would have all, were they alike.
        top: For "share", how many.
    """

    name: Name
    top: int = 1

    @property
    def rises(self) -> bool:
        """Whether it is larger where effects are more concentrated."""
        return self.name != "participation ratio"

    def of(self, effects: Reals) -> float:
        """Its value for known effects, `[component]`."""
        sizes = np.abs(effects)
        total = float(sizes.sum())
        if total == 0:
            return float("nan")
        if self.name == "participation ratio":
            return total**2 / (len(sizes) * float((sizes**2).sum()))
        weights, less = self._weights(len(sizes))
        return float(weights @ np.sort(sizes)[::-1]) / total - less

    def bound(self, means: Reals, side: Side) -> float:
        """What effects it would have without noise, or a bound of that.

        Args:
            means: `[cluster, component]`, each cluster's mean effect.
            side: "plug-in" for the mean effects as they are; "from below" for a value that is, on
                average, no larger than the true one, "from above" for one that is no smaller.

        Returns:
            The statistic; NaN where nothing is left of the effects.
        """
        if side == "plug-in":
            return self.of(means.mean(0))
        sizes, crossed = np.abs(means.mean(0)), crossed_sizes(means)
        most = float(sizes.sum()), float(crossed.sum())
        if most[1] <= 0:
            return float("nan")
        if self.name == "participation ratio":
            squares = crossed_squares(means)
            total = most[1] if side == "from below" else most[0]
            return total**2 / (means.shape[1] * squares) if squares > 0 else float("nan")
        weights, less = self._weights(means.shape[1])
        if side == "from above":
            return float(weights @ np.sort(sizes)[::-1]) / most[1] - less
        order = np.argsort(-np.abs(_without_each(means)), axis=1, kind="stable")
        ranked = np.take_along_axis(signs_elsewhere(means) * means, order, axis=1)
        return float(ranked.mean(0) @ weights) / most[0] - less

    def _weights(self, components: int) -> tuple[Reals, float]:
        """Of sizes by rank, the largest first, none below zero; and what is taken off their sum."""
        ranks = np.arange(components)
        if self.name == "share":
            return (ranks < self.top).astype(np.float64), 0.0
        return 2.0 * (components - 1 - ranks) / components, (components - 1) / components


def crossed_sizes(means: Reals) -> Reals:
    """|effect| by cross products, `[component]`: too small on average, and zero for noise alone.

    Args:
        means: `[cluster, component]`.
    """
    return (signs_elsewhere(means) * means).mean(0)


def crossed_squares(means: Reals) -> float:
    """Σ effect² over components without bias: the mean product of two different clusters'."""
    clusters = len(means)
    products = means.sum(0) ** 2 - (means**2).sum(0)
    return float(products.sum()) / (clusters * (clusters - 1))


def signs_elsewhere(means: Reals) -> Reals:
    """Each component's sign on all clusters but each, `[cluster, component]`; less where unsure.

    It goes through zero instead of jumping, so that one cluster more or less changes little: the
    mean over two standard errors, at most 1. Any number between −1 and 1 leaves a bound a bound.
    """
    others = len(means) - 1
    elsewhere = _without_each(means)
    squares = ((means**2).sum(0) - means**2) / others
    spread = np.sqrt(np.maximum(squares - elsewhere**2, 0.0) / max(others - 1, 1))
    tiny = np.finfo(np.float64).tiny
    return np.clip(elsewhere / np.maximum(_SURE * spread, tiny), -1.0, 1.0)


def _without_each(means: Reals) -> Reals:
    """The mean effects of all clusters but each, `[cluster, component]`."""
    return (means.sum(0) - means) / (len(means) - 1)
