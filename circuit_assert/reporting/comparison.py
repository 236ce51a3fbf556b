"""A comparison as text of at most 100 columns, and as Markdown."""

from __future__ import annotations

import html
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from circuit_assert.comparison import Change, Comparison, Drift, Gone, NotRun
from circuit_assert.comparison.change import arguments_that_differ
from circuit_assert.ledger import ClaimRecord, Ledger
from circuit_assert.reporting.ages import age_between
from circuit_assert.reporting.claimed import count
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.summary import Line, Tone
from circuit_assert.reporting.terminal import MARK_OF, number

_WIDTH = 100
_MOST = 50  # rows of a section
_IN_FULL = "Worse"
_LONGEST = 900  # characters of a sentence or a reason
_REASONS = 5
_BASES = {
    "units": "by the scores of units",
    "clusters": "by the means of clusters, since scores of units were not kept by both runs",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~@-])")


@dataclass(frozen=True)
class _Row:
    """One claim: a mark, what became of it, its sentence, and what else is to say."""

    mark: str
    said: str
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Section:
    """A heading and its rows, of which the first so many are shown."""

    title: str
    rows: Sequence[_Row]
    tone: Tone = "plain"

    @property
    def shown(self) -> Sequence[_Row]:
        return self.rows if self.title == _IN_FULL else self.rows[:_MOST]

    @property
    def rest(self) -> str:
        left = len(self.rows) - len(self.shown)
        return f"and {left:,} more" if left else ""


def as_lines(comparison: Comparison, *, fail_on_drift: bool = False) -> list[Line]:
    """The comparison for a terminal.

    Args:
        comparison: What changed.
        fail_on_drift: Whether drift counts as worse. Default False.
    """
    lines = [*_folded(f"{_from_to(comparison)}.", "heading")]
    for section in _sections(comparison):
        lines += [Line(""), Line(f"{section.title} ({len(section.rows):,})", "heading")]
        for row in section.shown:
            lines += _text_of(row, section.tone)
        lines += _folded(section.rest, indent="  ") if section.rest else []
    if comparison.settings:
        lines += [Line(""), Line("Settings that differ", "heading")]
        for each in comparison.settings:
            lines += _folded(f"{each.name}: {each.before} → {each.after}", indent="  ")
    lines.append(Line(""))
    for said in _totals(comparison, fail_on_drift):
        lines += _folded(said)
    return lines


def as_text(comparison: Comparison, *, fail_on_drift: bool = False) -> str:
    """The same as one text, without an end of line."""
    return "\n".join(line.text for line in as_lines(comparison, fail_on_drift=fail_on_drift))


def as_markdown(comparison: Comparison, *, fail_on_drift: bool = False) -> str:
    """The comparison as Markdown, for pull requests; everything in it is escaped.

    Args:
        comparison: What changed.
        fail_on_drift: Whether drift counts as worse. Default False.
    """
    first, *rest = _totals(comparison, fail_on_drift)
    parts = [f"**{_escaped(first)}** {_escaped(_from_to(comparison))}."]
    for section in _sections(comparison):
        parts.append(f"### {_escaped(section.title)} ({len(section.rows):,})")
        table = ["| | claim | |", "|---|---|---|"]
        for row in section.shown:
            details = "<br>".join(_escaped(each) for each in row.details)
            table.append(
                f"| {row.mark} {_escaped(row.said)} | {_escaped(row.sentence)} | {details} |"
            )
        parts.append("\n".join(table))
        parts += [section.rest] if section.rest else []
    if comparison.settings:
        table = ["| setting | before | after |", "|---|---|---|"]
        table += [f"| {' | '.join(map(_escaped, each))} |" for each in comparison.settings]
        parts += ["### Settings that differ", "\n".join(table)]
    return "\n\n".join([*parts, *map(_escaped, rest)]) + "\n"


def _from_to(comparison: Comparison) -> str:
    return f"From {_named(comparison.before)} to {_named(comparison.after)}"


def _named(ledger: Ledger) -> str:
    started = ledger.run.started[:16].replace("T", " ") if ledger.run else "unknown time"
    killed = "" if ledger.end else ", not ended"
    models = list(dict.fromkeys(claim.model for claim in ledger.claims))
    few = ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")
    return f"{ledger.name} ({started}{killed}; {few or 'no claims'})"


def _sections(comparison: Comparison) -> Iterator[_Section]:
    """Those that have rows, what matters most first."""
    others = [each for each in comparison.changes if not each.worse]
    listed: list[tuple[str, Iterable[Change], Tone]] = [
        (_IN_FULL, comparison.worse, "bad"),
        ("Newly refuted", _newly(others, "refuted"), "plain"),
        ("Newly inconclusive", _newly(others, "inconclusive"), "undecided"),
        ("Newly supported", _newly(others, "supported"), "good"),
        ("Drifted, with the same verdict", _same(comparison.drifted), "undecided"),
        ("Intervals apart, without values to pair", _same(comparison.apart), "undecided"),
    ]
    made = [
        _Section(title, [_changed(each) for each in changes], tone)
        for title, changes, tone in listed
    ]
    made += [
        _Section("Not run", [_not_run(each, comparison.after) for each in comparison.not_run]),
        _Section("Disappeared", [_gone(each) for each in comparison.disappeared]),
        _Section("Appeared", [_appeared(each) for each in comparison.appeared]),
    ]
    yield from (section for section in made if section.rows)


def _newly(changes: Iterable[Change], verdict: str) -> list[Change]:
    return [each for each in changes if each.another_verdict and each.after.verdict == verdict]


def _same(changes: Iterable[Change]) -> list[Change]:
    return [each for each in changes if not each.another_verdict]


def _changed(change: Change) -> _Row:
    now = change.after.verdict
    said = f"{change.before.verdict} → {now}" if change.another_verdict else now
    details: list[str] = []
    if change.another_verdict:
        details += [f"{' and '.join(sorted(change.polarities))} in {change.after.nodeid}"
                    if change.polarities else f"in {change.after.nodeid}"]  # fmt: skip
        details += [_effects(change)] if change.drift is None else []
        details += [f"because {change.after.reason}"] if change.after.reason else []
    if change.drift is not None:
        details.insert(0, _drift(change.drift))
    if change.before.model != change.after.model:
        details.append(f"was of {change.before.model}")
    differs = arguments_that_differ(change.before, change.after)
    details.append(_arguments(differs) if change.another_verdict or change.drift else "")
    return _Row(MARK_OF.get(now, " "), said, change.after.sentence, tuple(filter(None, details)))


def _drift(drift: Drift) -> str:
    moved = f"{drift.criterion}: {number(drift.before)} → {number(drift.after)} {drift.unit}"
    if not drift.is_paired:
        return moved
    clusters = " × ".join(f"{count} {name}s" for name, count in drift.clusters)
    interval = f"[{number(drift.low)}, {number(drift.high)}]"
    return (
        f"{moved}; paired difference {number(drift.difference)} {interval} on {clusters} "
        f"({'units' if drift.basis == 'units' else 'cluster means'}), q = {drift.q_value:.2g}"
    )


def _effects(change: Change) -> str:
    was, now = change.before.shown, change.after.shown
    if was is None or now is None or None in (was.effect, now.effect):
        return ""
    if was.name != now.name:
        return f"{now.name}: now {_effect_of(now)}"
    return f"{now.name}: {_effect_of(was)} → {_effect_of(now)}, {now.region}"


def _effect_of(finding: object) -> str:
    effect, low, high = (getattr(finding, name) for name in ("effect", "low", "high"))
    return f"{number(effect)} [{number(low)}, {number(high)}]"


def _not_run(missing: NotRun, after: Ledger) -> _Row:
    last = missing.last
    age = age_between(last.at, after.run.started if after.run else "")
    said = f"last {last.verdict} {age}".rstrip()
    why = missing.reason or "not selected, skipped, failed before it, or removed"
    return _Row("-", said, last.sentence, (f"{why}: {last.nodeid}",))


def _gone(gone: Gone) -> _Row:
    details = [f"no longer claimed in {gone.last.nodeid}"]
    if gone.instead is not None:
        details = [f"in its place, {gone.instead.verdict}: {gone.instead.sentence}"]
        details += [_arguments(gone.differs)] if gone.differs else []
    return _Row("-", f"was {gone.last.verdict}", gone.last.sentence, tuple(details))


def _arguments(differs: Mapping[str, tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {was} → {now}" for name, (was, now) in differs.items())


def _appeared(claim: ClaimRecord) -> _Row:
    return _Row(MARK_OF.get(claim.verdict, " "), claim.verdict, claim.sentence, (claim.nodeid,))


def _totals(comparison: Comparison, fail_on_drift: bool) -> Iterator[str]:
    """The outcome first; then what was compared, and how far it is to be believed."""
    worse, drifted = len(comparison.worse), len(comparison.drifted)
    counts = fail_on_drift and bool(drifted)
    yield (
        f"{worse or 'Nothing'} {'is' if worse < 2 else 'are'} worse"
        + (f", and {count(drifted, 'claim')} drifted, which counts" if counts else "")
        + "."
    )
    yield (
        f"{count(len(comparison.changes), 'claim')} compared: {comparison.unchanged:,} unchanged, "
        f"{sum(each.another_verdict for each in comparison.changes):,} with another verdict, "
        f"{drifted:,} drifted; {len(comparison.not_run):,} not run, "
        f"{len(comparison.appeared):,} appeared, {len(comparison.disappeared):,} disappeared."
    )
    if comparison.elsewhere:
        yield (
            f"One of the runs is a part of a run: {count(comparison.elsewhere, 'claim')} of tests "
            "that gave no verdict in it, and so are another part's or did not run, left out."
        )
    yield from _tests(comparison)


def _tests(comparison: Comparison) -> Iterator[str]:
    if comparison.tested:
        bases = dict.fromkeys(
            each.drift.basis for each in comparison.drifted if each.drift is not None
        )
        by = "; ".join(_BASES[each] for each in bases) or "none excluded zero"
        yield (
            f"Drift: paired differences of {count(comparison.tested, 'claim')} were tested "
            f"({by}); at a false discovery rate of {comparison.alpha:g} (Benjamini and Yekutieli), "
            f"beyond the noise of both runs."
        )
    if comparison.still:
        often = Counter(comparison.still).most_common(_REASONS)
        said = "; ".join(f"{reason} ({times:,})" for reason, times in often)
        yield f"Not tested for drift: {said}."
    if comparison.apart:
        yield (
            f"Intervals that lie apart are no test of drift: at most {4 * comparison.alpha:g} of "
            "claims that did not move have such."
        )


def _text_of(row: _Row, tone: Tone) -> list[Line]:
    made = _folded(f"{row.mark} {row.said}  {row.sentence}", tone, indent="  ")
    for each in row.details:
        made += _folded(each, "faint", indent="      ")
    return made


def _folded(text: str, tone: Tone = "plain", indent: str = "") -> list[Line]:
    """Lines of at most 100 columns; what would move the cursor or change colours is written out."""
    from rich.cells import cell_len, chop_cells

    lines: list[Line] = []
    deeper = f"{indent}  " if indent else ""
    for line in textwrap.wrap(
        _plain(text), _WIDTH, initial_indent=indent, subsequent_indent=deeper,
        break_on_hyphens=False,
    ):  # fmt: skip
        pieces = [line] if cell_len(line) <= _WIDTH else chop_cells(line, _WIDTH)
        lines += [Line(piece, tone) for piece in pieces]
    return lines


def _plain(text: str) -> str:
    """On one line, without control characters, cut where it is endless."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + "…"
    return visible(cut.replace("\n", " ").replace("\t", " "))


def _escaped(text: str) -> str:
    """As Markdown shows it, whatever is in it: no markup, no mention, no cell's end."""
    return _SPECIAL.sub(r"\\\1", html.escape(_plain(text), quote=False))
