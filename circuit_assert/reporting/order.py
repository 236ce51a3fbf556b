"""Claims of a run from worst to best, and what is said of one in a line."""

from __future__ import annotations

from circuit_assert.reporting.claimed import Claimed
from circuit_assert.reporting.terminal import MARK_OF, number


def marked(verdict: str) -> str:
    """A verdict as mark and word: "✓ supported"."""
    return f"{MARK_OF.get(verdict, '')} {verdict}".strip()


def measured(claim: Claimed) -> str:
    """What was found on the criterion that is shown first: "+0.79 [+0.76, +0.82] attention"."""
    shown = claim.record.shown
    if shown is None or shown.effect is None:
        return ""
    interval = f"[{number(shown.low)}, {number(shown.high)}]"
    return f"{number(shown.effect)} {interval} {shown.unit}".strip()


def region(claim: Claimed) -> str:
    """The region of the criterion that is shown first; empty where there is none."""
    shown = claim.record.shown
    return shown.region if shown is not None else ""


def failing_tests(claim: Claimed) -> list[str]:
    """The tests whose assertion of it does not hold; where none is known, all that judged it."""
    failing = [each.nodeid for each in claim.assertions if each.held is False]
    return failing or list(claim.nodeids)


def asserted(claim: Claimed) -> str:
    """Whether tests assert or deny it: "asserted", "denied", "asserted and denied", or nothing."""
    said = {each.polarity for each in claim.assertions} - {"unknown"}
    return " and ".join(sorted(said))
