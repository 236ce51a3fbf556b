"""How numbers, times and counts read in a report."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from circuit_assert.reporting.claimed import count
from circuit_assert.reporting.terminal import MARK_OF, number

NO_MARK = "–"
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def mark(verdict: str) -> str:
    """✓, ✗ or ?; – where there is no verdict."""
    return MARK_OF.get(verdict, NO_MARK)


def interval(low: float | None, high: float | None) -> str:
    """ "[+0.67, +0.87]"; an end that is missing is infinite, and without both there is none."""
    if low is None and high is None:
        return "(no interval)"
    return (
        f"[{number(low) if low is not None else '−∞'}, {number(high) if high is not None else '∞'}]"
    )


def percent(share: float) -> str:
    """ "97 %"; 100 % and 0 % only for all and none."""
    if 0 < share < 0.01:
        return "<\u00a01\u00a0%"
    if 0.99 < share < 1:
        return ">\u00a099\u00a0%"
    return f"{100 * share:.0f}\u00a0%"


def moment(at: str) -> datetime | None:
    """The time that ISO 8601 names, as UTC; None when it names none."""
    try:
        read = datetime.fromisoformat(at)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def day(at: str) -> str:
    """ "22 November 2026, 02:10 UTC"; empty for no time."""
    read = moment(at)
    return "" if read is None else f"{read.day} {read:%B %Y, %H:%M} UTC"


def age(at: str, now: datetime) -> str:
    """How long before the report: "3 days"; empty for no time."""
    read = moment(at)
    if read is None:
        return ""
    gone = max(now - read, timedelta(0))
    if gone >= timedelta(days=2):
        return count(gone.days, "day")
    hours = int(gone.total_seconds() // 3600)
    if hours:
        return count(hours, "hour")
    return count(int(gone.total_seconds() // 60), "minute")


def arxiv(source: str) -> str:
    """The address of the paper that a source names; empty when it names none there."""
    found = _ARXIV.search(source)
    return f"https://arxiv.org/abs/{found[1]}" if found else ""
