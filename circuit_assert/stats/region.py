"""Regions: where a parameter has to lie for a criterion to be supported."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple


class Interval(NamedTuple):
    """A closed interval of parameter values; either end may be infinite."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{signed(self.low)}, {signed(self.high)}]"


@dataclass(frozen=True)
class Region:
    """An open interval of parameter values: what a criterion claims about its parameter.

    Open, so that an effect exactly on the bound does not count: the null contains the bound.

    Args:
        low: Lower bound, excluded; `-inf` for none.
        high: Upper bound, excluded; `inf` for none.
        words: How sentences call it; written from the bounds when empty. Not part of equality.

    Raises:
        ValueError: when the bounds are NaN, exclude everything, or exclude nothing.
    """

    low: float
    high: float
    words: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"a region needs low < high, got low={self.low} and high={self.high}: "
                "nothing lies strictly between them."
            )
        if not (math.isfinite(self.low) or math.isfinite(self.high)):
            raise ValueError(
                f"a region needs a finite bound, got low={self.low} and high={self.high}: "
                "a criterion that every value meets cannot fail."
            )
        if not self.words:
            object.__setattr__(self, "words", _describe(self.low, self.high))

    @property
    def two_sided(self) -> bool:
        """Whether both bounds are finite, so that a value can miss it on either side."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def contains(self, interval: tuple[float, float]) -> bool:
        """Whether the whole interval lies inside; an end exactly on a bound does not.

        Args:
            interval: (low, high), closed. A NaN end is in no region.
        """
        low, high = interval
        return self._admits_low(low) and self._admits_high(high) and low <= high

    def is_disjoint_from(self, interval: tuple[float, float]) -> bool:
        """Whether no point of the interval lies inside; touching a bound is disjoint.

        Args:
            interval: (low, high), closed. With a NaN end nothing is known: False.
        """
        low, high = interval
        return low <= high and (high <= self.low or low >= self.high)

    def _admits_low(self, low: float) -> bool:
        return low > self.low or (self.low == -math.inf and low == -math.inf)

    def _admits_high(self, high: float) -> bool:
        return high < self.high or (self.high == math.inf and high == math.inf)

    def __str__(self) -> str:
        return self.words


def above(x: float) -> Region:
    """The region of effects greater than `x` (superiority over a margin).

    Raises:
        ValueError: when `x` is not finite.
    """
    return Region(x, math.inf)


def below(x: float) -> Region:
    """The region of effects smaller than `x`.

    Raises:
        ValueError: when `x` is not finite.
    """
    return Region(-math.inf, x)


def between(low: float, high: float) -> Region:
    """The region of effects strictly between `low` and `high`.

    Raises:
        ValueError: unless `low < high`.
    """
    return Region(low, high)


def within(margin: float) -> Region:
    """The region of effects smaller than `margin` in size: equivalence to zero.

    Raises:
        ValueError: unless `margin` is positive and finite.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"within() needs a positive, finite margin, got {margin}.")
    return Region(-margin, margin, f"within ±{_exact(margin)[1:]}")


def signed(x: float) -> str:
    """`x` with its sign and at least two digits that matter: `+0.40`, `-12.50`, `+0.0031`."""
    x = x + 0.0  # -0.0 prints as +0.00
    text = f"{x:+.2f}"
    return text if abs(x) >= 0.1 or float(text) == x else f"{x:+.2g}"


def _describe(low: float, high: float) -> str:
    if high == math.inf:
        return f"above {_exact(low)}"
    if low == -math.inf:
        return f"below {_exact(high)}"
    return f"between {_exact(low)} and {_exact(high)}"


def _exact(bound: float) -> str:
    """A bound was typed by someone: never round it to another one."""
    text = signed(bound)
    return text if float(text) == bound else f"{bound:+}"
