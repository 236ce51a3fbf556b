"""A run's claims as a table: records in, lines as wide as there is room out."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from circuit_assert.ledger import ClaimRecord, Record
from circuit_assert.reporting.by_model import by_model
from circuit_assert.reporting.claimed import Claimed, Results, Tone, count, known
from circuit_assert.reporting.columns import columns, cut, cut_in_front, one_line, padded, visible
from circuit_assert.reporting.terminal import MARK_OF, number

ALL, FAILED, NONE = "all", "failed", "none"
MOST_LISTED = 60
WIDTH, WIDEST = 100, 160
_VERDICT = max(map(len, MARK_OF))
_INDENT = " " * (_VERDICT + 4)
_SHORTEST = 30  # columns for a sentence; with fewer, its numbers go on the next line
_LEGEND = (
    "✓ interval inside the region, ✗ outside, ? neither. Columns: claim, effect [interval], "
    "region, whether what its tests assert of it holds (– nothing to hold)."
)


class Line(NamedTuple):
    """One line.

    Args:
        text: What it says, without an end of line.
        tone: What a colour may add; the text says it too.
    """

    text: str
    tone: Tone = "plain"


def summary(
    records: Iterable[Mapping[str, Any] | Record],
    *,
    width: int = WIDTH,
    adjusted: Mapping[str, float] | None = None,
    verbose: bool = False,
    quiet: bool = False,
    show: str | int = ALL,
) -> list[Line]:
    """The table of a run, its totals, and a legend; nothing when there is nothing to say.

    Args:
        records: The ledger's lines.
        width: The terminal's width; no line is wider than 160 columns all the same.
        adjusted: Claim id → Holm's adjusted p-value.
        verbose: Whether to show the adjusted p-values.
        quiet: Whether to say of all claims only how many assertions hold.
        show: Which claims have a line: "all", "failed", "none", or a number: all while there are
            no more than that, else those that do not hold. What has no line is counted.
    """
    every = known(records)
    results = Results.of(every, adjusted)
    width = min(width, WIDEST)
    shown = _shown(results, show)
    lines = _table(shown, width, verbose) + _not_run(results, width, show)
    if not results.claims:
        return lines
    parts = [f"{results.said}."]
    if not quiet:
        parts = [_totals(results, every), _family(results.claims), _left_out(results, shown)]
    prose = [line for part in parts for line in _wrapped(part, width)]
    legend = _wrapped(_LEGEND, width, "faint") if shown and not quiet else []
    shared = [] if quiet or show == NONE else _by_model(results, width, show)
    return [*lines, *shared, *([Line("")] if lines else []), *prose, *legend]


def _by_model(results: Results, width: int, show: str | int) -> list[Line]:
    """The sentences that are claimed of several models, beside each other."""
    most = show if isinstance(show, int) else None
    lines = by_model(results.claims, width, most)
    return [Line(""), *map(Line, lines)] if lines else []


def _shown(results: Results, show: str | int) -> list[Claimed]:
    """The claims that have a line."""
    if show == NONE:
        return []
    if show == FAILED or (isinstance(show, int) and len(results.claims) > show):
        return [claim for claim in results.claims if claim.fails]
    return list(results.claims)


def _left_out(results: Results, shown: list[Claimed]) -> str:
    """How many claims have no line, and how to see them."""
    listed = {claim.record.claim_id for claim in shown}
    rest = [claim for claim in results.claims if claim.record.claim_id not in listed]
    if not rest:
        return ""
    kinds = Counter(map(_kind, rest))
    verb = "is" if len(rest) == 1 else "are"
    said = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common())
    return f"{count(len(rest), 'claim')} {verb} not listed ({said}): --claims-show=all."


def _kind(claim: Claimed) -> str:
    if claim.fails:
        return "inconclusive" if claim.undecided else "not holding"
    if claim.undecided:
        return "open" if claim.is_open else "inconclusive"
    return "holding" if claim.held else "with nothing to hold"


def _table(claims: list[Claimed], width: int, verbose: bool) -> list[Line]:
    by_model: dict[tuple[str, str, str, str], list[Claimed]] = {}
    for claim in claims:
        record = claim.record
        key = (record.model, record.fingerprint, record.dtype, record.device)
        by_model.setdefault(key, []).append(claim)
    cells = {claim.record.claim_id: _cells(claim, verbose) for claim in claims}
    widths = [max(map(columns, column)) for column in zip(*cells.values(), strict=True)]
    room = _room(claims, widths, width)
    lines: list[Line] = []
    for (model, fingerprint, dtype, device), group in by_model.items():
        said = f"{visible(model)} (weights {fingerprint[:12]}, {dtype}, {device})"
        lines.append(Line(cut(said, width), "heading"))
        for claim in group:
            lines += _row(claim, cells[claim.record.claim_id], widths, room, width)
    return lines


def _room(claims: list[Claimed], widths: list[int], width: int) -> int:
    """Columns for the sentence: all there are up to 100, and of more what the longest takes."""
    taken = len(_INDENT) + sum(widths) + 2 * sum(map(bool, widths))
    longest = max((columns(_said(claim)) for claim in claims), default=0)
    return min(width - taken, max(WIDTH - taken, longest))


def _said(claim: Claimed) -> str:
    return one_line(claim.record.words)


def _cells(claim: Claimed, verbose: bool) -> list[str]:
    """What stands behind the sentence: effect, interval, region, p-value, standing."""
    shown = claim.record.shown
    made = ["", ""]
    if shown is not None and shown.effect is not None:
        interval = f"[{number(shown.low)}, {number(shown.high)}]"
        made = [f"{number(shown.effect):<6} {interval}", _short(shown.region)]
    if verbose:
        made.append("" if claim.adjusted is None else f"p {claim.adjusted:.2g}")
    return [*made, claim.standing]


_LONG = re.compile(r"(\d\.\d{4})\d{2,}(?!\d|e)")  # more digits than anyone typed


def _short(region: str) -> str:
    """A region as a table has room for it: "above +0.40" is "> +0.40", 0.549306… is cut."""
    region = _LONG.sub(r"\1…", region)
    for word, sign in (("above ", "> "), ("below ", "< "), ("within ", "")):
        region = region.replace(word, sign)
    return visible(region)


def _row(claim: Claimed, cells: list[str], widths: list[int], room: int, width: int) -> list[Line]:
    verdict = claim.record.verdict
    start = f"{MARK_OF.get(verdict, ' ')} {visible(verdict):<{_VERDICT}}  "
    filled = [padded(cell, size) for cell, size in zip(cells, widths, strict=True) if size]
    end = "  ".join(filled)
    if room >= _SHORTEST:
        first, *more = textwrap.wrap(_said(claim), room, break_on_hyphens=False) or [""]
        texts = [f"{start}{padded(cut(first, room), room)}  {end}"]
        texts += [f"{_INDENT}{cut(line, room)}" for line in more]
    else:
        first, *more = textwrap.wrap(
            _said(claim), width - len(_INDENT), break_on_hyphens=False
        ) or [""]
        texts = [start + first, *(_INDENT + line for line in more)]
        texts.append(_INDENT + "  ".join(filter(None, cells)))
    lines = [Line(cut(text.rstrip(), width), claim.tone) for text in texts]
    beneath = _beneath(claim, width - len(_INDENT))
    return lines + [Line(cut(_INDENT + text, width), "faint") for text in beneath]


def _beneath(claim: Claimed, room: int) -> list[str]:
    """For a claim that does not simply hold: why, and where."""
    said: list[str] = []
    nodeids = [each.nodeid for each in claim.assertions if each.held is False]
    if claim.undecided:
        said += [f"because {claim.record.reason}"] if claim.record.reason else []
        said += [f"open: {claim.record.open}"] if claim.record.open else []
        nodeids = list(claim.nodeids)
    wrapped = [
        line
        for text in said
        for line in textwrap.wrap(one_line(text), room, subsequent_indent="  ")
    ]
    return wrapped + [f"in {cut_in_front(visible(nodeid), room - 3)}" for nodeid in nodeids]


def _not_run(results: Results, width: int, show: str | int) -> list[Line]:
    """A line for each test that could not run; where they are many, one for each reason."""
    if not isinstance(show, int) or len(results.not_run) <= show:
        listed = results.not_run if show != NONE else ()
        said = [f"{visible(each.nodeid)}: {visible(each.reason)}" for each in listed]
    else:
        reasons = Counter(each.reason for each in results.not_run)
        said = [f"{count(many, 'test')}: {visible(why)}" for why, many in reasons.most_common()]
    return [Line(cut(f"- {'not run':<{_VERDICT}}  {text}", width), "undecided") for text in said]


def _totals(results: Results, records: list[Record]) -> str:
    claims = results.claims
    expected = sum(claim.record.false_pass_rate for claim in claims)
    rates = {claim.record.false_pass_rate for claim in claims}
    product = f"{next(iter(rates)):g} × {len(claims)} = " if len(rates) == 1 else ""
    said = f"{results.said}. At most {product}{expected:.2g} false supports expected."
    runs, reused = _measured(records)
    from_cache = f", {count(reused, 'score')} from the cache" if reused else ""
    return f"{said} {count(runs, 'run')}{from_cache}."


def _measured(records: list[Record]) -> tuple[int, int]:
    """Forward passes, and scores from the cache.

    A claim that a worker judged in several tests was measured once.
    """
    judged = [record for record in records if isinstance(record, ClaimRecord)]
    once = {(each.worker, each.claim_id): each for each in judged}.values()
    return sum(each.runs for each in once), sum(each.reused for each in once)


def _family(claims: tuple[Claimed, ...]) -> str:
    supported = [claim for claim in claims if claim.record.verdict == "supported"]
    with_p = [claim for claim in supported if claim.adjusted is not None]
    if not with_p or len(claims) == 1:
        return ""
    rate = max(claim.record.false_pass_rate for claim in claims)
    stand = sum((claim.adjusted or 0.0) <= rate for claim in with_p)
    return (
        f"Holm: {stand} of {count(len(supported), 'supported claim')} "
        f"{'stands' if stand == 1 else 'stand'} at a rate of {rate:g} for even one false support "
        f"among all {len(claims)} claims."
    )


def _wrapped(text: str, width: int, tone: Tone = "plain") -> list[Line]:
    return [Line(line, tone) for line in textwrap.wrap(text, width, break_on_hyphens=False)]
