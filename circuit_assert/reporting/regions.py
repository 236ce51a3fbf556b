"""The bounds of a region, read from the words that a ledger keeps of it."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_NUMBER = r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"


class Bounds(NamedTuple):
    """Where a region begins and ends; either may be infinite."""

    low: float
    high: float

    @property
    def finite(self) -> list[float]:
        """The bounds that are numbers."""
        return [bound for bound in self if math.isfinite(bound)]


def bounds_of(region: str) -> Bounds | None:
    """The bounds of "above +0.40", "below …", "within ±…" or "between … and …".

    Returns:
        None for a region that is said in other words.
    """
    if found := re.fullmatch(rf"above {_NUMBER}", region):
        return Bounds(float(found[1]), math.inf)
    if found := re.fullmatch(rf"below {_NUMBER}", region):
        return Bounds(-math.inf, float(found[1]))
    if found := re.fullmatch(rf"within ±{_NUMBER}", region):
        return Bounds(-float(found[1]), float(found[1]))
    if found := re.fullmatch(rf"between {_NUMBER} and {_NUMBER}", region):
        return Bounds(float(found[1]), float(found[2]))
    return None
