"""Tails: one-sided confidence bounds with their p-values, the parts every interval is made of.

Each tail bounds its parameter from below. The upper end of an interval is the mirrored lower end
of the negated values, so that flipping the sign of an effect mirrors its interval exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from circuit_assert.stats.sample import Array


class Tail(Protocol):
    """A one-sided test that can be read both ways: as a bound and as a p-value."""

    def lower(self, alpha: float) -> float:
        """The lower confidence bound at level 1 − alpha; `-inf` when there is none."""
        ...

    def p_above(self, x: float) -> float:
        """The smallest alpha at which the lower bound exceeds `x`."""
        ...


@dataclass(frozen=True)
class TTail:
    """Student's t.

    Args:
        mean: The estimate.
        error: Its standard error, positive.
        df: Degrees of freedom.
    """

    mean: float
    error: float
    df: float

    def lower(self, alpha: float) -> float:
        """The mean less the t quantile times its error."""
        from scipy import special

        return self.mean + self.error * float(special.stdtrit(self.df, alpha))

    def p_above(self, x: float) -> float:
        """P(T ≥ the distance to `x` in errors)."""
        from scipy import special

        return float(special.stdtr(self.df, (x - self.mean) / self.error))


@dataclass(frozen=True, eq=False)
class SignTail:
    """The sign test for the median: order statistics, exact for any distribution.

    Atoms (ties) only make it conservative: a value equal to the bound does not count for it.

    Args:
        values: float64[cluster].
    """

    values: Array

    def lower(self, alpha: float) -> float:
        """The largest order statistic that exceeds the median with probability ≤ alpha."""
        rank = _sign_rank(self.values.size, alpha)
        return float(np.sort(self.values)[rank - 1]) if rank else -math.inf

    def p_above(self, x: float) -> float:
        """P(at least as many heads in k fair tosses as values above `x`)."""
        from scipy import special

        agreeing = float(np.count_nonzero(self.values > x))
        return float(special.bdtrc(agreeing - 1, self.values.size, 0.5))


@lru_cache(maxsize=1024)
def _sign_rank(k: int, alpha: float) -> int:
    """The largest r with P(Binomial(k, ½) ≤ r − 1) ≤ alpha, 0 for none."""
    from scipy import special

    tail = special.bdtr(np.arange(k, dtype=np.float64), k, 0.5)
    return int(np.count_nonzero(tail <= alpha * (1 + 1e-12)))


@dataclass(frozen=True)
class ProportionTail:
    """Clopper and Pearson's exact bound, with one Bernoulli draw per cluster.

    Outcomes inside a cluster may agree completely, so a cluster counts once: n = K and
    x = K × mean, which need not be whole (the beta quantile interpolates).

    Args:
        successes: K × the mean of the cluster means.
        clusters: K.

    Source: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
    """

    successes: float
    clusters: int

    def lower(self, alpha: float) -> float:
        """The beta quantile; 0 without a success."""
        from scipy import special

        if self.successes <= 0:
            return 0.0
        return float(special.betaincinv(*self._shape, alpha))

    def p_above(self, x: float) -> float:
        """The beta probability of a proportion of at most `x`."""
        from scipy import special

        if x < 0:  # a proportion is above any negative number before it is measured
            return 0.0
        if self.successes <= 0:
            return 1.0
        return float(special.betainc(*self._shape, min(x, 1.0)))

    @property
    def _shape(self) -> tuple[float, float]:
        return self.successes, self.clusters - self.successes + 1


@dataclass(frozen=True)
class ShiftedTail:
    """A tail whose parameter is the given one's plus a constant.

    Args:
        tail: The tail to move.
        by: How far.
    """

    tail: Tail
    by: float

    def lower(self, alpha: float) -> float:
        """The tail's bound, moved."""
        return self.tail.lower(alpha) + self.by

    def p_above(self, x: float) -> float:
        """The tail's p-value at the bound moved back."""
        return self.tail.p_above(x - self.by)


@dataclass(frozen=True)
class Envelope:
    """The outward envelope: a bound that every part agrees to.

    Args:
        parts: At least one tail.
    """

    parts: tuple[Tail, ...]

    def lower(self, alpha: float) -> float:
        """The lowest of the parts' bounds."""
        return min(part.lower(alpha) for part in self.parts)

    def p_above(self, x: float) -> float:
        """The largest of the parts' p-values."""
        return max(part.p_above(x) for part in self.parts)
