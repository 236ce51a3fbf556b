"""The pass rate as an SVG badge."""

from __future__ import annotations

import html

from circuit_assert.reporting.claimed import Results
from circuit_assert.reporting.columns import columns, cut, visible

_GREEN, _AMBER, _RED, _GREY = "#2a6f2e", "#8a5a00", "#b3261e", "#555"
_LONGEST = 40  # columns of the label
_NARROW, _WIDE = " .,:;'|!iljtfrI1()[]", "mwMW@%—✓✗"


def badge(results: Results, *, label: str = "claims") -> str:
    """An SVG of one line: the label, and how many assertions hold.

    Args:
        results: Of one run or several.
        label: What stands on the left.
    """
    left, right = cut(visible(label), _LONGEST), _said(results)
    lefts, rights = _pixels(left) + 12, _pixels(right) + 12
    width = lefts + rights
    title = html.escape(f"{left}: {results.said if results.claims else right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{lefts}" height="20" fill="#444"/>'
        f'<rect x="{lefts}" width="{rights}" height="20" fill="{_colour(results)}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(left, 6)}{_text(right, lefts + 6)}</g></svg>\n"
    )


def _said(results: Results) -> str:
    """In as few words as tell what is wrong."""
    if results.rate is None:
        return "none judged"
    held = results.held
    said = f"{sum(held)} of {len(held)} hold"
    said += f", {len(results.not_run)} not run" if results.not_run else ""
    if results.undecided and not results.refuted:
        return f"? {said}"
    return f"{'✗' if results.refuted else '✓'} {said}"


def _colour(results: Results) -> str:
    """White text on each has a contrast of 4.5 at least."""
    if results.rate is None:
        return _GREY
    if results.refuted:
        return _RED
    return _AMBER if results.undecided else _GREEN


def _text(text: str, x: int) -> str:
    """As wide as it was taken to be, whatever font there is."""
    return f'<text x="{x}" y="14" textLength="{_pixels(text)}">{html.escape(text)}</text>'


def _pixels(text: str) -> int:
    """About how wide Verdana of 11 pixels is."""
    return round(sum(_letter(letter) for letter in text)) or 1


def _letter(letter: str) -> float:
    if letter in _NARROW:
        return 4.2
    if letter in _WIDE or letter.isupper():
        return 8.2
    return 6.9 * columns(letter)
