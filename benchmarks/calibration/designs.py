"""Prompt sets to draw scores for: how many clusters, how large, how alike inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.calibration.families import FAMILIES, Family, Reals
from circuit_assert.stats import Sample
from circuit_assert.stats.decision import MEAN_FROM

_POPULATION = 400_000  # clusters from which a population value is taken, where no formula gives it
_BY_NAME = {family.name: family for family in FAMILIES}


@dataclass(frozen=True)
class Clustered:
    """Units in clusters of one kind.

    Args:
        family: The name of the distribution of cluster and unit effects.
        clusters: How many.
        units: Units of a cluster; of the larger ones, where sizes are unequal.
        correlation: Of two units of a cluster.
        unequal: Whether every other cluster has a single unit.
    """

    family: str
    clusters: int
    units: int = 1
    correlation: float = 0.0
    unequal: bool = False

    @property
    def sizes(self) -> list[int]:
        """Units of each cluster."""
        return [1 if self.unequal and i % 2 else self.units for i in range(self.clusters)]

    @property
    def promise(self) -> int | None:
        """The most that a false rate may be, in α."""
        return self._family.promise

    def draw(self, rng: np.random.Generator) -> Sample:
        """The scores of one prompt set."""
        sizes = self.sizes
        ids = np.repeat(np.arange(self.clusters), sizes)
        shared = self._family.draw(rng, (self.clusters,))[ids]
        own = self._family.draw(rng, (len(ids),))
        return Sample(_mixed(shared, own, self.correlation), {"template": ids.tolist()})

    @property
    def truth(self) -> float:
        """The population value of what is decided on: the median cluster mean, or the mean."""
        if self.clusters >= MEAN_FROM or self._family.symmetric:
            return 0.0
        return _median_cluster(self.family, tuple(sorted(set(self.sizes))), self.correlation)

    @property
    def spread(self) -> float:
        """The standard deviation of cluster means, averaged over sizes."""
        variances = [self.correlation + (1 - self.correlation) / n for n in self.sizes]
        return math.sqrt(sum(variances) / len(variances))

    @property
    def _family(self) -> Family:
        return _BY_NAME[self.family]

    def __str__(self) -> str:
        sizes = f"1 or {self.units}" if self.unequal else str(self.units)
        return f"{self.clusters} clusters of {sizes}, correlation {self.correlation:g}"


@dataclass(frozen=True)
class Crossed:
    """Concepts × templates, each level with an effect of its own.

    Args:
        family: The name of the distribution of the effects.
        concepts: How many.
        templates: How many.
    """

    family: str
    concepts: int
    templates: int

    truth = 0.0

    @property
    def promise(self) -> int | None:
        """The most that a false rate may be, in α."""
        return _BY_NAME[self.family].promise

    def draw(self, rng: np.random.Generator) -> Sample:
        """The scores of one prompt set; effects of levels and cells have equal variance."""
        draw = _BY_NAME[self.family].draw
        i, j = self.concepts, self.templates
        table = draw(rng, (i, 1)) + draw(rng, (1, j)) + draw(rng, (i, j))
        ids = {"concept": np.repeat(np.arange(i), j).tolist(), "template": list(range(j)) * i}
        return Sample(table.ravel() / math.sqrt(3), ids)

    @property
    def spread(self) -> float:
        """The standard deviation of a level's effect."""
        return math.sqrt(1 / 3)

    def __str__(self) -> str:
        return f"{self.concepts} concepts × {self.templates} templates"


@dataclass(frozen=True)
class Binary:
    """Outcomes 0 and 1, alike inside clusters by a beta distribution of their rate.

    Args:
        rate: The mean of the rate.
        clusters: How many.
        units: Units of a cluster.
        correlation: Of two units of a cluster.
    """

    rate: float
    clusters: int
    units: int = 1
    correlation: float = 0.0

    promise = 1

    def draw(self, rng: np.random.Generator) -> Sample:
        """The outcomes of one prompt set."""
        rates = np.full(self.clusters, self.rate)
        if self.correlation:
            total = 1 / self.correlation - 1
            rates = rng.beta(self.rate * total, (1 - self.rate) * total, self.clusters)
        hits = rng.random((self.clusters, self.units)) < rates[:, None]
        ids = np.repeat(np.arange(self.clusters), self.units).tolist()
        return Sample(hits.ravel().astype(float), {"template": ids}, binary=True)

    @property
    def truth(self) -> float:
        """The rate."""
        return self.rate

    @property
    def family(self) -> str:
        """What the tables call it."""
        return f"binary, rate {self.rate:g}"

    @property
    def spread(self) -> float:
        """The standard deviation of cluster means."""
        share = self.correlation + (1 - self.correlation) / self.units
        return math.sqrt(self.rate * (1 - self.rate) * share)

    def __str__(self) -> str:
        return f"{self.clusters} clusters of {self.units}, correlation {self.correlation:g}"


Design = Clustered | Crossed | Binary


def _mixed(shared: Reals, own: Reals, correlation: float) -> Reals:
    return math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own


@lru_cache(maxsize=256)
def _median_cluster(family: str, sizes: tuple[int, ...], correlation: float) -> float:
    """The population median of cluster means, over clusters of these sizes in equal numbers."""
    rng = np.random.default_rng(0)
    draw = _BY_NAME[family].draw
    means: list[Reals] = []
    for size in sizes:
        shared = draw(rng, (_POPULATION,))
        own = sum(draw(rng, (_POPULATION,)) for _ in range(size)) / size
        means.append(_mixed(shared, np.asarray(own), correlation))
    return float(np.median(np.concatenate(means)))
