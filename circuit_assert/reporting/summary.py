"""A run's claims as a table: records in, lines of at most 100 columns out."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from circuit_assert.ledger import AssertionRecord, ClaimRecord, NotRunRecord, Record, from_dict
from circuit_assert.reporting.terminal import MARKS, number

Tone: TypeAlias = Literal["plain", "heading", "good", "bad", "undecided", "faint"]
_WIDTH = 100
_MARKS = {str(verdict): mark for verdict, mark in MARKS.items()}
_VERDICT = max(map(len, _MARKS))
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


@dataclass(frozen=True)
class Claimed:
    """One claim of a run, with what its tests assert of it.

    Args:
        record: Its first judgement.
        nodeids: The tests that judged it.
        assertions: What became of them.
        adjusted: Holm's adjusted p-value; None when it was not worked out.
    """

    record: ClaimRecord
    nodeids: tuple[str, ...]
    assertions: tuple[AssertionRecord, ...]
    adjusted: float | None = None

    @property
    def held(self) -> list[bool]:
        """For each assertion that can be told, whether it held."""
        return [each.held for each in self.assertions if each.held is not None]

    @property
    def undecided(self) -> bool:
        """Whether the evidence allows neither verdict."""
        return self.record.verdict == "inconclusive"

    @property
    def is_open(self) -> bool:
        """Whether the test that first judged it is marked as open."""
        return self.record.open is not None

    @property
    def standing(self) -> str:
        """Whether the assertions of it hold, in a word or two."""
        if self.undecided:
            return "open" if self.is_open else "–"
        if not self.held:
            return "–"
        if all(self.held):
            return "holds"
        return "fails" if not any(self.held) else f"{sum(self.held)} of {len(self.held)} hold"

    @property
    def tone(self) -> Tone:
        """The colour of its line."""
        if self.undecided:
            return "undecided"
        if not self.held:
            return "plain"
        return "good" if all(self.held) else "bad"


def claimed(
    records: Iterable[Mapping[str, Any]], adjusted: Mapping[str, float] | None = None
) -> list[Claimed]:
    """The claims of a run, in the order of first judgement.

    Args:
        records: The ledger's lines.
        adjusted: Claim id → Holm's adjusted p-value.
    """
    known = _known(records)
    judged: dict[str, list[ClaimRecord]] = {}
    ended: dict[str, list[AssertionRecord]] = {}
    for record in known:
        if isinstance(record, ClaimRecord):
            judged.setdefault(record.claim_id, []).append(record)
        if isinstance(record, AssertionRecord):
            ended.setdefault(record.claim_id, []).append(record)
    return [
        Claimed(
            many[0],
            tuple(each.nodeid for each in many),
            tuple(ended.get(claim_id, ())),
            (adjusted or {}).get(claim_id),
        )
        for claim_id, many in judged.items()
    ]


def summary(
    records: Iterable[Mapping[str, Any]],
    *,
    width: int = _WIDTH,
    adjusted: Mapping[str, float] | None = None,
    verbose: bool = False,
) -> list[Line]:
    """The table of a run, its totals, and a legend; nothing when there is nothing to say.

    Args:
        records: The ledger's lines.
        width: The terminal's width; no line is wider than 100 columns all the same.
        adjusted: Claim id → Holm's adjusted p-value.
        verbose: Whether to show the adjusted p-values.
    """
    every = list(records)
    claims = claimed(every, adjusted)
    width = min(width, _WIDTH)
    lines = _table(claims, width, verbose) + _not_run(_known(every), width)
    if not claims:
        return lines
    totals = _wrapped(_totals(claims, every), width)
    totals += _wrapped(_family(claims), width)
    return [*lines, Line(""), *totals, *_wrapped(_LEGEND, width, "faint")]


def _known(records: Iterable[Mapping[str, Any]]) -> list[Record]:
    return [known for record in records if (known := from_dict(record)) is not None]


def _table(claims: list[Claimed], width: int, verbose: bool) -> list[Line]:
    by_model: dict[tuple[str, str, str, str], list[Claimed]] = {}
    for claim in claims:
        record = claim.record
        key = (record.model, record.fingerprint, record.dtype, record.device)
        by_model.setdefault(key, []).append(claim)
    cells = {claim.record.claim_id: _cells(claim, verbose) for claim in claims}
    widths = [max(map(_columns, column)) for column in zip(*cells.values(), strict=True)]
    lines: list[Line] = []
    for (model, fingerprint, dtype, device), group in by_model.items():
        said = f"{model} (weights {fingerprint[:12]}, {dtype}, {device})"
        lines.append(Line(_cut(said, width), "heading"))
        for claim in group:
            lines += _row(claim, cells[claim.record.claim_id], widths, width)
    return lines


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


def _short(region: str) -> str:
    """A region as a table has room for it: "above +0.40" is "> +0.40"."""
    for word, sign in (("above ", "> "), ("below ", "< "), ("within ", "")):
        region = region.replace(word, sign)
    return region


def _row(claim: Claimed, cells: list[str], widths: list[int], width: int) -> list[Line]:
    record = claim.record
    start = f"{_MARKS.get(record.verdict, ' ')} {record.verdict:<{_VERDICT}}  "
    filled = [_padded(cell, size) for cell, size in zip(cells, widths, strict=True) if size]
    end = "  ".join(filled)
    room = width - _columns(start) - _columns(end) - 2
    if room >= _SHORTEST:
        first, *more = textwrap.wrap(record.words, room, break_on_hyphens=False) or [""]
        texts = [f"{start}{_padded(_cut(first, room), room)}  {end}"]
        texts += [f"{_INDENT}{_cut(line, room)}" for line in more]
    else:
        texts = [start + record.words, _INDENT + "  ".join(filter(None, cells))]
    lines = [Line(_cut(text.rstrip(), width), claim.tone) for text in texts]
    beneath = _beneath(claim, width - len(_INDENT))
    return lines + [Line(_cut(_INDENT + text, width), "faint") for text in beneath]


def _beneath(claim: Claimed, room: int) -> list[str]:
    """For a claim that does not simply hold: why, and where."""
    said: list[str] = []
    nodeids = [each.nodeid for each in claim.assertions if each.held is False]
    if claim.undecided:
        said += [f"because {claim.record.reason}"] if claim.record.reason else []
        said += [f"open: {claim.record.open}"] if claim.record.open else []
        nodeids = list(claim.nodeids)
    wrapped = [line for text in said for line in textwrap.wrap(text, room, subsequent_indent="  ")]
    return wrapped + [f"in {_cut_in_front(nodeid, room - 3)}" for nodeid in nodeids]


def _not_run(records: list[Record], width: int) -> list[Line]:
    return [
        Line(_cut(f"- {'not run':<{_VERDICT}}  {each.nodeid}: {each.reason}", width), "undecided")
        for each in records
        if isinstance(each, NotRunRecord)
    ]


def _totals(claims: list[Claimed], records: list[Mapping[str, Any]]) -> str:
    held = [holds for claim in claims for holds in claim.held]
    undecided = [claim for claim in claims for _ in claim.held if claim.undecided]
    still_open = sum(claim.is_open for claim in undecided)
    verb = "holds" if 1 in (sum(held), len(held)) else "hold"
    said = f"{sum(held)} of {_count(len(held), 'assertion')} {verb}, {len(undecided)} inconclusive"
    said += f" ({still_open} open)." if still_open else "."
    expected = sum(claim.record.false_pass_rate for claim in claims)
    rates = {claim.record.false_pass_rate for claim in claims}
    product = f"{next(iter(rates)):g} × {len(claims)} = " if len(rates) == 1 else ""
    said += f" At most {product}{expected:.2g} false supports expected."
    runs, reused = _measured(records)
    from_cache = f", {_count(reused, 'score')} from the cache" if reused else ""
    return f"{said} {_count(runs, 'run')}{from_cache}."


def _measured(records: list[Mapping[str, Any]]) -> tuple[int, int]:
    """Forward passes, and scores from the cache.

    A claim that a worker judged in several tests was measured once.
    """
    judged = [record for record in _known(records) if isinstance(record, ClaimRecord)]
    once = {(each.worker, each.claim_id): each for each in judged}.values()
    return sum(each.runs for each in once), sum(each.reused for each in once)


def _family(claims: list[Claimed]) -> str:
    supported = [claim for claim in claims if claim.record.verdict == "supported"]
    with_p = [claim for claim in supported if claim.adjusted is not None]
    if not with_p or len(claims) == 1:
        return ""
    rate = max(claim.record.false_pass_rate for claim in claims)
    stand = sum((claim.adjusted or 0.0) <= rate for claim in with_p)
    return (
        f"Holm: {stand} of {_count(len(supported), 'supported claim')} "
        f"{'stands' if stand == 1 else 'stand'} at a rate of {rate:g} for even one false support "
        f"among all {len(claims)} claims."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _wrapped(text: str, width: int, tone: Tone = "plain") -> list[Line]:
    return [Line(line, tone) for line in textwrap.wrap(text, width, break_on_hyphens=False)]


def _columns(text: str) -> int:
    """How many columns a terminal gives the text: a Chinese character takes two."""
    return sum(_column(letter) for letter in text)


def _column(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def _cut_in_front(text: str, width: int) -> str:
    """The end of a text, with "…" for what is left out before it."""
    return _cut(text[::-1], width)[::-1]


def _cut(text: str, width: int) -> str:
    """The text on one line of at most so many columns, with "…" for what is left out."""
    text = " ".join(text.split("\n"))
    if _columns(text) <= width:
        return text
    kept, used = "", 1
    for letter in text:
        used += _column(letter)
        if used > width:
            break
        kept += letter
    return kept.rstrip() + "…"
