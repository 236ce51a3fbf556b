"""Rank among exchangeable peers: is this neuron, direction or circuit special among many?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from circuit_assert.stats.criteria import Guard


def rank_p(observed: float, peers: ArrayLike) -> float:
    """(1 + the number of peers at least as large) / (1 + the number of peers).

    Args:
        observed: The statistic of what is claimed to be special; large is special.
        peers: float[peer], the same statistic of peers that are exchangeable with it if it is
            not special.

    Returns:
        The one-sided p-value, never 0; NaN when a number is not finite.

    Source: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.
    """
    values = np.asarray(peers, dtype=np.float64).reshape(-1)
    if not (math.isfinite(observed) and np.isfinite(values).all()):
        return math.nan
    return (1 + int(np.count_nonzero(values >= observed))) / (1 + values.size)


def rank_guard(
    name: str,
    observed: float,
    peers: ArrayLike,
    *,
    alpha: float = 0.01,
    reason: str = "not specific: its peers do as much",
) -> Guard:
    """A guard that passes when the observed statistic ranks above its peers.

    Args:
        name: How the evidence calls it.
        observed: The statistic of what is claimed to be special; large is special.
        peers: float[peer], the same statistic of exchangeable peers.
        alpha: The level it has to reach. Default 0.01. A finer level needs more peers.
        reason: What a failure means.

    Returns:
        A guard with its p-value; undecidable (`passed` None, with the reason) when there are
        fewer than ⌈1/alpha⌉ − 1 peers, 99 at 0.01, or a number is not finite.
    """
    m = int(np.size(np.asarray(peers)))
    least = math.ceil(1 / alpha - 1e-9) - 1
    if m < least:
        return Guard.of(name, None, f"{m} peers are too few: α = {alpha:.2g} needs {least}")
    p = rank_p(observed, peers)
    if math.isnan(p):
        return Guard.of(name, None, "a rank is undefined: a statistic is not finite")
    return Guard.of(name, p <= alpha, reason, p_value=p)
