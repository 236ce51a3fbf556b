"""A run as Markdown, for pull requests and GitHub's step summary: what does not hold first."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from circuit_assert.ledger import NotRunRecord, RunRecord
from circuit_assert.model_names import short_names
from circuit_assert.reporting.claimed import Claimed, Results, count
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.matrix import of_several_models
from circuit_assert.reporting.order import asserted, failing_tests, marked, measured, region

LEAST = 1000
_LONGEST = 300  # letters of a sentence, a reason, or a test's name
_MOST_RUNS = 3
_RESERVED = 90  # bytes for "… more are left out"
_SPECIAL = {ord(letter): f"&#{ord(letter)};" for letter in "\\`*[]|~$"}
_COLUMNS = "| verdict | claim | model | found | claimed | asserted | where |"


@dataclass
class _Section:
    """A title, a table, and how many of its rows were left out."""

    head: str
    rows: list[str] = field(default_factory=list[str])
    tail: str = ""
    left_out: int = 0

    @property
    def text(self) -> str:
        rest = f"\n… {count(self.left_out, 'more row')} left out.\n" if self.left_out else ""
        return self.head + "".join(self.rows) + rest + self.tail

    @property
    def size(self) -> int:
        return _bytes(self.head) + sum(map(_bytes, self.rows)) + _bytes(self.tail)


def report(
    results: Results,
    *,
    runs: Sequence[RunRecord | None] = (),
    title: str = "Circuit claims",
    limit: int | None = None,
) -> str:
    """What holds and what does not, worst first: refuted, inconclusive, not run, the rest folded.

    Args:
        results: Of one run or several.
        runs: Under what conditions.
        title: The heading.
        limit: At most so many bytes, 1000 at least; rows that have no room are counted instead.
    """
    head = f"## {escaped(title)}: {results.said}\n"
    if not limit or limit > 4 * LEAST:
        head += "".join(map(_run, runs[:_MOST_RUNS]))
    sections = [section for section in _sections(results) if section.rows]
    if limit is not None:
        _fit(sections, max(limit, LEAST) - _bytes(head))
    return head + "".join(section.text for section in sections)


def escaped(text: str, longest: int = _LONGEST) -> str:
    """The text as Markdown shows it, on one line: nothing in it is a tag, a table or a mention.

    Args:
        text: From a model, a prompt or a test.
        longest: Of more letters the rest is left out.
    """
    text = visible(text)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    plain = html.escape(text).translate(_SPECIAL)
    plain = re.sub(r"(?<!\w)_|_(?!\w)", "&#95;", plain)  # inside a word it is itself
    plain = re.sub(r"(?<!&)([@#])(?=\w)", "\\1\u200b", plain)  # no mention, no reference
    return plain.replace("://", ":\u200b//").replace("www.", "www\u200b.")


def _sections(results: Results) -> list[_Section]:
    return [
        _claims("✗ Does not hold", results.refuted),
        _claims("? Inconclusive", results.undecided),
        _not_run(results.not_run),
        _folded("? open, and still inconclusive", results.open),
        _folded("✓ holding, or with nothing to hold", results.others),
        _by_model(results.claims),
    ]


def _claims(title: str, claims: list[Claimed]) -> _Section:
    head = f"\n### {title} ({len(claims)})\n\n{_COLUMNS}\n|{'---|' * 7}\n"
    return _Section(head, [_row(claim) for claim in claims])


def _folded(title: str, claims: list[Claimed]) -> _Section:
    summary = f"<summary>{title} ({len(claims)})</summary>"
    head = f"\n<details>{summary}\n\n{_COLUMNS}\n|{'---|' * 7}\n"
    return _Section(head, [_row(claim) for claim in claims], "\n</details>\n")


def _by_model(claims: Sequence[Claimed]) -> _Section:
    """The sentences that are claimed of several models, beside each other."""
    found = of_several_models(claims)
    names = "".join(f" {escaped(name)} |" for name in short_names(found.models))
    rows = [
        f"| {escaped(row.words)} |{''.join(f' {_cell(cell)} |' for cell in row.cells)}\n"
        for group in found.groups
        for row in group.rows
    ]
    summary = f"<summary>Claimed of several models ({len(rows)})</summary>"
    head = f"\n<details>{summary}\n\n| claim |{names}\n|{'---|' * (1 + len(found.models))}\n"
    return _Section(head, rows, "\n</details>\n")


def _cell(claims: Sequence[Claimed]) -> str:
    """The verdicts on a sentence about one model; more than one where thresholds differ."""
    said = [
        escaped(marked(claim.record.verdict))
        + (" **(fails)**" if claim.fails and not claim.undecided else "")
        for claim in claims
    ]
    return ", ".join(said) or "–"


def _not_run(records: Sequence[NotRunRecord]) -> _Section:
    head = f"\n### – Not run ({len(records)})\n\n| test | why |\n|---|---|\n"
    rows = [f"| {_code(each.nodeid)} | {escaped(each.reason)} |\n" for each in records]
    return _Section(head, rows)


def _row(claim: Claimed) -> str:
    record = claim.record
    words = escaped(record.words or record.sentence)
    why = record.reason if claim.undecided else ""
    said = f"{words}<br>because {escaped(why)}" if why else words
    cells = [
        escaped(marked(record.verdict)),
        f"{said}<br>open: {escaped(record.open)}" if record.open and claim.undecided else said,
        escaped(record.model),
        escaped(measured(claim)),
        escaped(region(claim)),
        escaped(asserted(claim)),
        _where(claim),
    ]
    return f"| {' | '.join(cells)} |\n"


def _where(claim: Claimed) -> str:
    record = claim.record
    if record.file and record.line is not None and len(claim.nodeids) == 1:
        return _code(f"{record.file}:{record.line}")
    first, *more = failing_tests(claim)
    return _code(first) + (f" and {len(more)} more" if more else "")


def _code(text: str) -> str:
    """As code; of a long name the end is what tells tests apart."""
    text = visible(text)
    text = text if len(text) <= _LONGEST else "…" + text[1 - _LONGEST :]
    return f"<code>{escaped(text)}</code>"


def _run(run: RunRecord | None) -> str:
    if run is None:
        return ""
    commit = f"commit {run.git_commit[:12]}" if run.git_commit else "no commit"
    changed = " with changes" if run.git_dirty else ""
    known = ("circuit-assert", "torch", "transformer-lens")
    versions = [f"{name} {run.versions[name]}" for name in known if name in run.versions]
    rate, seed = f"α = {run.false_pass_rate:g}", f"seed {run.seed}"
    said = [f"{commit}{changed}", run.device, run.dtype, rate, seed, *versions]
    return f"\n{escaped(f'{run.started[:16]}: ' + ', '.join(said))}\n"


def _fit(sections: list[_Section], room: int) -> None:
    """Leave out rows, the best first, until the rest fits."""
    size = sum(section.size + _RESERVED for section in sections)
    for section in reversed(sections):
        while size > room and section.rows:
            size -= _bytes(section.rows.pop())
            section.left_out += 1


def _bytes(text: str) -> int:
    return len(text.encode())
