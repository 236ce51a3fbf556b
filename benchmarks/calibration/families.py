"""Distributions that scores might follow, each with mean 0 and standard deviation 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """A distribution.

    Args:
        name: What the tables call it.
        draw: Draws from it; mean 0, standard deviation 1.
        promise: The most that a false rate may be, in α: 1 where the distribution is symmetric,
            4 where it is skewed, None where no number of clusters at hand can promise anything.
    """

    name: str
    draw: Callable[[np.random.Generator, Shape], Reals]
    promise: int | None = 4

    def mirrored(self) -> Family:
        """Its mirror image."""
        return Family(
            f"{self.name}, mirrored", lambda rng, shape: -self.draw(rng, shape), self.promise
        )

    @property
    def symmetric(self) -> bool:
        """Whether it is symmetric about its mean."""
        return self.promise == 1


def _normal(rng: np.random.Generator, shape: Shape) -> Reals:
    return rng.normal(size=shape)


def _heavy_tailed(rng: np.random.Generator, shape: Shape) -> Reals:
    return rng.standard_t(4, size=shape) / math.sqrt(2)


def _contaminated(rng: np.random.Generator, shape: Shape) -> Reals:
    """One in ten values has five times the spread, on either side."""
    scale = np.where(rng.random(shape) < 0.1, 5.0, 1.0)
    return rng.normal(size=shape) * scale / math.sqrt(0.9 + 0.1 * 25)


def _lognormal(rng: np.random.Generator, shape: Shape) -> Reals:
    """Skewness 1.75, as of a loss."""
    width = 0.5
    mean = math.exp(width**2 / 2)
    spread = mean * math.sqrt(math.exp(width**2) - 1)
    return (rng.lognormal(0, width, size=shape) - mean) / spread


def _exponential(rng: np.random.Generator, shape: Shape) -> Reals:
    """Skewness 2."""
    return rng.exponential(size=shape) - 1


def _zero_inflated(rng: np.random.Generator, shape: Shape) -> Reals:
    """Half of the values are the same; the others are exponential."""
    values = rng.exponential(size=shape) * (rng.random(shape) < 0.5)
    return (values - 0.5) / math.sqrt(0.75)


def _strongly_skewed(rng: np.random.Generator, shape: Shape) -> Reals:
    """Lognormal of width 1: skewness 6.2."""
    mean = math.exp(0.5)
    return (rng.lognormal(size=shape) - mean) / (mean * math.sqrt(math.e - 1))


def _mostly_zeros(rng: np.random.Generator, shape: Shape) -> Reals:
    """Four values in five are the same; the others are exponential."""
    values = rng.exponential(size=shape) * (rng.random(shape) < 0.2)
    return (values - 0.2) / math.sqrt(0.36)


def _rarely_large(rng: np.random.Generator, shape: Shape) -> Reals:
    """Normal, but one value in twenty is ten standard deviations higher."""
    values = rng.normal(size=shape) + 10 * (rng.random(shape) < 0.05)
    return (values - 0.5) / math.sqrt(1 + 100 * 0.05 * 0.95)


SYMMETRIC = (
    Family("normal", _normal, 1),
    Family("heavy-tailed", _heavy_tailed, 1),
    Family("contaminated", _contaminated, 1),
)
_SKEWED = (
    Family("lognormal", _lognormal),
    Family("exponential", _exponential),
    Family("half zeros", _zero_inflated),
    Family("strongly skewed", _strongly_skewed),
    Family("mostly zeros", _mostly_zeros),
    Family("rarely large", _rarely_large, None),
)
FAMILIES = (*SYMMETRIC, *_SKEWED, *(family.mirrored() for family in _SKEWED))
