"""Verdicts in a fixed order: one claim about all of them, and how far along they go one way.

Each verdict is reached at α on its own data. Neither rule asks how they depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from circuit_assert.stats.verdict import Verdict


def opposite(verdict: Verdict) -> Verdict:
    """The other way; of inconclusive itself."""
    return {
        Verdict.SUPPORTED: Verdict.REFUTED,
        Verdict.REFUTED: Verdict.SUPPORTED,
        Verdict.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    }[verdict]


def whole(verdicts: Sequence[Verdict], wanted: Sequence[Verdict]) -> Verdict:
    """Whether each is as wanted.

    Supported when each is. It is wrong only if one of them is, and that one alone is wrong with
    probability α at most, so that the whole keeps α without a correction: an intersection-union
    test. Refuted when one is the opposite; that is α only if each opposite was reached at α over
    their number.

    Args:
        verdicts: What was found.
        wanted: What is claimed: supported or refuted.

    Source: Berger 1982, Technometrics 24, 295-300.
    """
    pairs = list(zip(verdicts, wanted, strict=True))
    if all(found is want for found, want in pairs):
        return Verdict.SUPPORTED
    if any(found is opposite(want) for found, want in pairs):
        return Verdict.REFUTED
    return Verdict.INCONCLUSIVE


def run_of(verdicts: Iterable[Verdict], wanted: Verdict) -> int:
    """How many are as wanted before the first that is not; no more are asked for after it.

    A test in an order that was fixed beforehand: each is tested at α, and only if all before it
    were as wanted. The first that is wanted and not so is wrong with probability α at most, and
    what comes after it is not reached otherwise, so that α holds for all of them together.

    Args:
        verdicts: In that order, found one by one.
        wanted: Supported or refuted.

    Source: Maurer, Hothorn & Lehmacher 1995, in Biometrie in der chemisch-pharmazeutischen
    Industrie 6, 3-18; Westfall & Krishen 2001, doi:10.1016/S0378-3758(01)00077-5.
    """
    count = 0
    for verdict in verdicts:
        if verdict is not wanted:
            break
        count += 1
    return count
