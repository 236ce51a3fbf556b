"""How long ago something was, in words."""

from __future__ import annotations

from datetime import datetime

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def age_between(then: str, now: str) -> str:
    """ "3 days ago", as seen from another time; empty when a time cannot be read.

    Args:
        then: ISO 8601.
        now: ISO 8601.
    """
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    except (ValueError, TypeError):
        return ""
    for size, noun in _STEPS:
        if abs(seconds) >= size:
            count = int(abs(seconds) // size)
            when = "ago" if seconds > 0 else "later"
            return f"{count} {noun}{'' if count == 1 else 's'} {when}"
    return "just before"
