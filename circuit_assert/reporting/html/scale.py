"""From numbers to places in a drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_STEPS = (1, 2, 5, 10)
_MARGIN = 0.08  # of the span, at either end


class Tick(NamedTuple):
    """A mark on an axis.

    Args:
        at: Where, in the drawing's units.
        text: What it says.
    """

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """A line of numbers, drawn from left to right.

    Args:
        low: The number at the left end.
        high: That at the right end.
        left: The left end, in the drawing's units.
        right: The right end.
    """

    low: float
    high: float
    left: float
    right: float

    @classmethod
    def holding(cls, numbers: Iterable[float | None], left: float, right: float) -> Scale:
        """One with room for every finite number."""
        finite = [each for each in numbers if each is not None and math.isfinite(each)] or [0.0]
        low, high = min(finite), max(finite)
        margin = (high - low) * _MARGIN or abs(low) * _MARGIN or 1.0
        return cls(low - margin, high + margin, left, right)

    def place(self, number: float) -> float:
        """Where a number is; beyond an end, at the end."""
        share = (number - self.low) / (self.high - self.low)
        share = min(max(share, 0.0), 1.0)
        return round(self.left + share * (self.right - self.left), 1)

    def ticks(self, most: int = 5) -> list[Tick]:
        """Round numbers, evenly spaced."""
        step = _step((self.high - self.low) / most)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [
            Tick(self.place(count * step), _text(count * step, step))
            for count in range(first, last + 1)
        ]


def _step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in _STEPS if factor * power >= least * 0.999)


def _text(number: float, step: float) -> str:
    if max(abs(number), step) >= 100_000 or step < 0.0001:
        return f"{number:.1e}" if number else "0"
    decimals = max(0, -math.floor(math.log10(step)))
    return f"{number:.{decimals}f}".replace("-0.", "−0.").replace("-", "−")
