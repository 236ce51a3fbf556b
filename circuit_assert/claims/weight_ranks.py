"""Ranks by weights alone: among rotations and mismatched heads, of tokens among tokens."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.criteria import Found
from circuit_assert.claims.quantities import Measured
from circuit_assert.components import Owner
from circuit_assert.stats.rank import rank_p

_LEAST = 99


def draws_for(model: Owner) -> int:
    """How many random ones it takes to rank at a model's false-pass rate: 99 at 0.01."""
    return max(_LEAST, math.ceil(1 / model.false_pass_rate - 1e-9) - 1)


def stands_out(
    own: float, peers: npt.NDArray[np.floating], alpha: float, what: str, number: str = "+.3f"
) -> Found:
    """Whether a number is larger than its peers', at a level.

    It is denied only where at least half of the peers are as large: a number that stands out is
    seldom that low, whatever was drawn. In between, nothing is decided.

    Args:
        own: The number.
        peers: `[peer]`, those that are not finite are left out.
        alpha: The level that its rank has to reach.
        what: What the peers are, in the plural.
        number: How numbers are printed.
    """
    known = peers[np.isfinite(peers)]
    least = math.ceil(1 / alpha - 1e-9) - 1
    if not math.isfinite(own):
        return Found(None, "it is undefined: a norm, or every eigenvalue, is zero")
    if known.size < least:
        return Found(None, f"there are {known.size} {what}: α = {alpha:.2g} needs {least}")
    above = int(np.count_nonzero(known >= own))
    p = rank_p(own, known)
    words = (
        f"{above} of {known.size} {what} are as large: {own:{number}} against "
        f"{np.median(known):{number}} in the middle and at most {known.max():{number}}"
    )
    holds = True if p <= alpha else False if 2 * above >= known.size else None
    others = tuple(known.tolist())
    return Found(holds, words, p_value=p, effect=own, notes=(words,), others=others)


def within(ranks: npt.NDArray[np.floating], top: float, *notes: str) -> Measured:
    """Whether each token ranks among the highest: 1 or 0; tokens are the units.

    Args:
        ranks: `[token]`, the highest has the smallest.
        top: The largest that counts.
        notes: What a reader should know.
    """
    units = tuple(range(len(ranks)))
    return Measured(
        (ranks <= top).astype(np.float64), {"token": units}, units, binary=True, notes=notes
    )
