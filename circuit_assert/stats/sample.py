"""Samples: one value per unit, and the clusters that say which units are not independent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Ids = Sequence[Hashable] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one measurement, with the clusters of their units.

    Args:
        values: float64[unit], one number per sequence, prompt pair, paragraph or seed. Copied
            and made read-only. NaN is allowed here and makes the estimate undecidable.
        clusters: Cluster name → one hashable id per unit. One name means simple clusters; two
            mean crossed clusters, such as concepts × templates.
        binary: Whether the values are outcomes, 0 or 1. Default False.

    Raises:
        ValueError: when lengths differ, an id is missing (None, NaN, ""), there are no cluster
            names or more than two, or a binary value is neither 0 nor 1.
    """

    values: Array
    clusters: Mapping[str, Sequence[Hashable]]
    binary: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        values = frozen_array(self.values)
        if len(self.clusters) not in (1, 2):
            raise ValueError(
                f"a sample needs one cluster name, or two for a crossed design; got "
                f"{list(self.clusters) or 'none'}. Units that are all independent are their own "
                "clusters: clusters={'unit': range(n)}."
            )
        ids = {name: checked_ids(name, x, values.size) for name, x in self.clusters.items()}
        if self.binary:
            _require_binary(values)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "clusters", MappingProxyType(ids))

    @property
    def crossed(self) -> bool:
        """Whether the units vary over two cluster names, both with more than one level."""
        return len(self.varying) == 2

    @property
    def levels(self) -> dict[str, int]:
        """How many clusters there are under each name."""
        return {name: len(set(ids)) for name, ids in self.clusters.items()}

    @property
    def varying(self) -> list[str]:
        """The names by which the sample is clustered: those with more than one level.

        When no name has, the first one: a sample is always clustered by something.
        """
        levels = self.levels
        return [name for name in levels if levels[name] > 1] or list(levels)[:1]

    def means(self, name: str) -> Array:
        """The mean of each cluster of this name, float64[cluster], in order of appearance."""
        return group_means(self.values, cluster_codes(self.clusters[name]))


@dataclass(frozen=True, eq=False)
class JackknifeSample:
    """A statistic that is not a mean (AUROC, correlation, Gini), and the clusters to delete.

    Args:
        statistic: From a mask, bool[unit], True for the units to keep, to the statistic of
            those units. It may return NaN where it is undefined.
        clusters: One hashable id per unit. At least 20 different ones are needed to decide.

    Raises:
        ValueError: when an id is missing (None, NaN, "").
    """

    statistic: Callable[[NDArray[np.bool_]], float]
    clusters: Sequence[Hashable]

    def __post_init__(self) -> None:
        ids = tuple(self.clusters)
        object.__setattr__(self, "clusters", checked_ids("cluster", ids, len(ids)))


def frozen_array(values: ArrayLike) -> Array:
    """A read-only float64 copy, one-dimensional.

    Raises:
        ValueError: when the values have another number of dimensions.
    """
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(
            f"values need one number per unit, got shape {array.shape}: "
            "average tokens and (query, key) entries inside their unit first."
        )
    array.flags.writeable = False
    return array


def checked_ids(name: str, ids: Ids | Iterable[Hashable], units: int) -> tuple[Hashable, ...]:
    """The ids as a tuple, one per unit and none missing.

    Raises:
        ValueError: naming the cluster and the first unit that has no id.
    """
    found = tuple(ids)
    if len(found) != units:
        raise ValueError(f"cluster {name!r} has {len(found)} ids for {units} units.")
    for unit, value in enumerate(found):
        if _is_missing(value):
            raise ValueError(
                f"unit {unit} has no {name!r} id (got {value!r}): every unit needs one, "
                "or dependent units would count as independent."
            )
    return found


def cluster_codes(ids: Iterable[Hashable]) -> Codes:
    """The ids as integers 0, 1, … in order of first appearance, intp[unit]."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(value, len(seen)) for value in ids], dtype=np.intp)


def group_means(values: Array, codes: Codes) -> Array:
    """The mean of each group, float64[group]; `codes` are 0 … groups − 1."""
    return np.bincount(codes, weights=values) / np.bincount(codes)


def _is_missing(value: object) -> bool:
    try:
        return value is None or value == "" or bool(value != value)  # noqa: PLR0124 - NaN is not itself
    except TypeError:  # pandas.NA does not even say whether it is itself
        return True


def _require_binary(values: Array) -> None:
    wrong = values[np.isfinite(values) & (values != 0) & (values != 1)]
    if wrong.size:
        raise ValueError(f"a binary sample holds 0 and 1 only, got {wrong[0]:g}.")
