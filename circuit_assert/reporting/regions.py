"""The bounds of a region, from the words that a ledger keeps of it."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_NUMBER = r"([+-]?[\d.]+(?:e[+-]?\d+)?)"
_ABOVE = re.compile(f"above {_NUMBER}")
_BELOW = re.compile(f"below {_NUMBER}")
_BETWEEN = re.compile(f"between {_NUMBER} and {_NUMBER}")
_WITHIN = re.compile(f"within ±{_NUMBER}")


class Bounds(NamedTuple):
    """Where a region begins and ends, in the finding's unit; infinite where it does not."""

    low: float
    high: float


def bounds(region: str) -> Bounds | None:
    """The bounds that a region's words name; None for words that are not `stats.region`'s own."""
    try:
        return _bounds(region)
    except ValueError:  # as "1.2.3"
        return None


def _bounds(region: str) -> Bounds | None:
    if found := _ABOVE.fullmatch(region):
        return Bounds(float(found[1]), math.inf)
    if found := _BELOW.fullmatch(region):
        return Bounds(-math.inf, float(found[1]))
    if found := _BETWEEN.fullmatch(region):
        return Bounds(float(found[1]), float(found[2]))
    if found := _WITHIN.fullmatch(region):
        return Bounds(-float(found[1]), float(found[1]))
    return None
