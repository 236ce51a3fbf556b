"""Verdicts with the population value at the bound, where wrong ones are likeliest."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.calibration.designs import Binary, Clustered, Crossed, Design
from benchmarks.calibration.families import FAMILIES
from circuit_assert.stats import Region, Verdict, assess, estimate

_A_LITTLE = 1e-9  # on which side of a margin a value lies must not depend on rounding


@dataclass(frozen=True)
class Row:
    """One design, simulated.

    Args:
        design: The clusters.
        family: The distribution.
        samples: How many prompt sets were drawn.
        false_passes: How often the claim "above the bound" was supported, the value being at it.
        false_refutations: How often "at least the bound" was refuted, which is true.
        undecided: How often there was no interval.
        found: How often an effect of one standard deviation of cluster means was supported.
        promise: The most that either false rate may be; None where nothing is promised.
    """

    design: str
    family: str
    samples: int
    false_passes: int
    false_refutations: int
    undecided: int
    found: int
    promise: float | None

    @property
    def coverage(self) -> float:
        """The share of intervals that hold the population value; 1 − 2α is nominal."""
        return 1 - (self.false_passes + self.false_refutations) / self.samples

    @property
    def kept(self) -> bool:
        """Whether either rate is compatible with the promise, at one in a thousand."""
        if self.promise is None:
            return True
        worst = max(self.false_passes, self.false_refutations)
        return bool(stats.binom.sf(worst - 1, self.samples, self.promise) > 0.001)

    @property
    def record(self) -> dict[str, Any]:
        """The row as plain data."""
        return {**asdict(self), "coverage": self.coverage, "kept": self.kept}


def simulate(design: Design, *, samples: int, alpha: float = 0.01) -> Row:
    """Draw prompt sets of a design and judge the claim that lies exactly at the truth.

    Args:
        design: What to draw.
        samples: How many.
        alpha: The false-pass rate.
    """
    seed = zlib.crc32(f"{design.family} {design}".encode())
    rng = np.random.default_rng(seed)
    truth, effect = design.truth, design.spread
    passes = refutations = undecided = found = 0
    for _ in range(samples):
        interval = estimate(design.draw(rng), alpha).interval
        passes += interval.low > truth
        refutations += interval.high < truth
        undecided += not np.isfinite([interval.low, interval.high]).any()
        found += interval.low > truth - effect
    promise = None if design.promise is None else design.promise * alpha
    return Row(str(design), design.family, samples, passes, refutations, undecided, found, promise)


@dataclass(frozen=True)
class Claimed:
    """A region about the truth, in standard deviations of cluster means.

    Args:
        words: What the tables call it.
        low: Its lower bound; -inf for none.
        high: Its upper bound; inf for none.
        at: Which of its bounds the value is put at.
        centre: Where the value is clearly inside.
    """

    words: str
    low: float
    high: float
    at: float
    centre: float


REGIONS = (
    Claimed("below", -math.inf, 0.0, at=0.0, centre=-1.0),
    Claimed("within ±2 sd", -2.0, 2.0, at=2.0, centre=0.0),
    Claimed("between -1 and 3 sd", -1.0, 3.0, at=-1.0, centre=1.0),
)


def simulate_region(claimed: Claimed, design: Design, *, samples: int, alpha: float = 0.01) -> Row:
    """Judge a region with the value just outside a bound, just inside it, and well inside.

    Args:
        claimed: The region.
        design: What to draw.
        samples: How many.
        alpha: The false-pass rate.
    """
    rng = np.random.default_rng(zlib.crc32(f"{claimed.words} {design.family} {design}".encode()))
    unit = design.spread
    region = Region(claimed.low * unit, claimed.high * unit)
    outwards = _A_LITTLE if claimed.at == claimed.high else -_A_LITTLE
    drawn = [design.draw(rng) for _ in range(samples)]

    def share(verdict: Verdict, at: float) -> int:
        moved = (replace(x, values=x.values + at - design.truth) for x in drawn)
        return sum(assess(sample, region, alpha=alpha).verdict is verdict for sample in moved)

    promise = None if design.promise is None else design.promise * alpha
    return Row(
        f"{claimed.words}: {design}",
        design.family,
        samples,
        share(Verdict.SUPPORTED, claimed.at * unit + outwards),
        share(Verdict.REFUTED, claimed.at * unit - outwards),
        0,
        share(Verdict.SUPPORTED, claimed.centre * unit),
        promise,
    )


def rows(samples: int, alpha: float = 0.01) -> Iterable[Callable[[], Row]]:
    """Every row of the table, each still to be simulated.

    Args:
        samples: Prompt sets of each design.
        alpha: The false-pass rate.
    """
    for design in designs():
        yield partial(simulate, design, samples=samples, alpha=alpha)
    for family in ("normal", "exponential", "half zeros", "half zeros, mirrored"):
        for clusters in (10, 20, 50):
            for region in REGIONS:
                design = Clustered(family, clusters)
                yield partial(simulate_region, region, design, samples=samples, alpha=alpha)


def designs() -> Iterable[Design]:
    """Every design of the table."""
    for family in (each.name for each in FAMILIES):
        for clusters in (5, 7, 10, 15, 20, 30, 50):
            yield Clustered(family, clusters)
            for correlation in (0.0, 0.05, 0.3):
                yield Clustered(family, clusters, 8, correlation)
            yield Clustered(family, clusters, 8, 0.05, unequal=True)
        for shape in ((12, 12), (16, 16), (40, 16), (20, 20), (40, 20)):
            yield Crossed(family, *shape)
    for rate in (0.1, 0.5, 0.9):
        for clusters in (7, 12, 20, 50):
            yield Binary(rate, clusters)
            yield Binary(rate, clusters, 8, 0.3)
