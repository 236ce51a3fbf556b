"""The report: everything that a reader of a run wants, on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from circuit_assert.ledger import Ledger
from circuit_assert.reporting.html import words
from circuit_assert.reporting.html.card import Card
from circuit_assert.reporting.html.entries import STANDINGS, Absent, Entry, Point, Run, Tested
from circuit_assert.reporting.html.figures import LineFigure, Part, line_figure, parts
from circuit_assert.reporting.html.gathering import Gathered, gather
from circuit_assert.reporting.html.rates import Rate, rate, rates
from circuit_assert.reporting.html.rendering import asset, policy, render
from circuit_assert.reporting.matrix import Matrix, matrix
from circuit_assert.reporting.terminal import MARK_OF

TITLE = "Claims about the inside of language models"


def report(
    ledgers: Iterable[Ledger],
    *,
    title: str = TITLE,
    earlier: Iterable[Ledger] = (),
    now: datetime | None = None,
) -> str:
    """A page about the claims of some runs: the last verdict on each, from their ledgers alone.

    Args:
        ledgers: The runs, in any order; read one by one too.
        title: The page's heading.
        earlier: Runs that only tell what came before: verdicts of the same tests. They are read
            one by one, so a generator takes the memory of one.
        now: When the report is made; ages of verdicts are seen from there. None for now.

    Returns:
        HTML that loads nothing else and is readable without JavaScript.
    """
    at = now or datetime.now(UTC)
    style, script = asset("card.css") + asset("report.css"), asset("report.js")
    page = Page(gather(ledgers, earlier), at)
    return render(
        "report.html",
        page=page,
        title=title,
        style=style,
        script=script,
        policy=policy(style, script),
    )


def write(page: str, file: Path) -> None:
    """Write a page whole or not at all; folders are made.

    Raises:
        OSError: when it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(page, encoding="utf-8", errors="replace")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Overview:
    """Pass rates of one way to group claims."""

    heading: str
    rates: list[Rate]


@dataclass(frozen=True)
class Line:
    """A model's pass rate from run to run."""

    model: str
    points: tuple[Point, ...]
    figure: LineFigure


class Page:
    """What the template asks for.

    Args:
        gathered: What the ledgers say.
        now: When the report is made.
    """

    def __init__(self, gathered: Gathered, now: datetime) -> None:
        self.now = now
        self.entries: tuple[Entry, ...] = gathered.entries
        self.absent: tuple[Absent, ...] = gathered.absent
        self.runs: tuple[Run, ...] = gathered.runs
        self.cards: list[Card] = [Card(entry, now) for entry in gathered.entries]
        self.all: Rate = rate("all", [test for entry in gathered.entries for test in entry.tests])
        self.verdicts: Counter[str] = Counter(
            entry.record.verdict for entry in gathered.entries if not entry.missing
        )
        self.standings: Counter[str] = Counter(entry.standing for entry in gathered.entries)
        self._history = gathered.history

    @property
    def made(self) -> str:
        """When the report was made."""
        return words.day(self.now.isoformat())

    @property
    def models(self) -> list[str]:
        """In the order of judgement."""
        ordered = sorted(self.entries, key=lambda entry: entry.number)
        return list(dict.fromkeys(entry.record.model for entry in ordered))

    @property
    def not_run(self) -> int:
        """Claims and tests that did not run."""
        return self.standings["not run"] + len(self.absent)

    @property
    def troubled(self) -> list[Card]:
        """Claims that need a look."""
        return [c for c in self.cards if c.entry.standing in STANDINGS[:4]]

    @property
    def settled(self) -> list[Card]:
        """The others."""
        return [c for c in self.cards if c.entry.standing not in STANDINGS[:4]]

    @property
    def bar(self) -> list[Part]:
        """Claims by what became of them."""
        counts = {name: self.standings[name] for name in reversed(STANDINGS)}
        return parts(counts | {"not run": self.not_run})

    @property
    def overviews(self) -> list[Overview]:
        """Pass rates per model, suite and claim type."""
        ordered = sorted(self.entries, key=lambda entry: entry.number)
        tests = [(entry.record, test) for entry in ordered for test in entry.tests]
        absent = [Tested(each.nodeid, None, "unknown", "", each.reason) for each in self.absent]
        suites = [test for _, test in tests] + absent
        return [
            Overview("Model", rates((record.model, test) for record, test in tests)),
            Overview("Suite", rates((test.suite, test) for test in suites)),
            Overview("Claim type", rates((record.claim_type, test) for record, test in tests)),
        ]

    @property
    def verdicts_said(self) -> str:
        """How many claims are supported, refuted and inconclusive."""
        said = {each: f"{many:,} {each}" for each in MARK_OF if (many := self.verdicts[each])}
        if "refuted" in said and self.denied:
            which = "" if self.denied == self.verdicts["refuted"] else f"{self.denied:,} of them "
            said["refuted"] += f" ({which}as their tests say)"
        first, *others = said.values() or [""]
        verb = "is" if first.startswith("1 ") else "are"
        return ", ".join([first.replace(" ", f" {verb} ", 1), *others]) + "." if first else ""

    @property
    def denied(self) -> int:
        """How many claims are refuted, and hold: their tests deny them."""
        return sum(
            entry.standing == "holds" and entry.record.verdict == "refuted"
            for entry in self.entries
        )

    @property
    def rest(self) -> str:
        """The heading of claims that need no look."""
        return "Holds, or nothing asserted" if self.standings["looked at"] else "Holds"

    @property
    def lines(self) -> list[Line]:
        """Pass rates over the runs, of models that were in more than one."""
        return [
            Line(model, points, line_figure(point.held / point.total for point in points))
            for model, points in self._history.items()
            if len(points) > 1
        ]

    @property
    def matrix(self) -> Matrix[Entry]:
        """Claims by models."""
        return matrix(sorted(self.entries, key=lambda entry: entry.number))

    @property
    def choices(self) -> list[tuple[str, str, list[str]]]:
        """What claims can be filtered by: (name, label, values)."""
        ordered = sorted(self.entries, key=lambda entry: entry.number)
        by: list[tuple[str, str, Iterable[str]]] = [
            ("verdict", "Verdict", (entry.record.verdict for entry in ordered)),
            ("standing", "Assertion", (entry.standing for entry in ordered)),
            ("model", "Model", (entry.record.model for entry in ordered)),
            ("suite", "Suite", (suite for entry in ordered for suite in entry.suites)),
            ("type", "Claim type", (entry.record.claim_type for entry in ordered)),
        ]
        return [(name, label, list(dict.fromkeys(filter(None, of)))) for name, label, of in by]

    @property
    def rates_of_alpha(self) -> list[float]:
        """Each α that a claim was judged at."""
        return sorted({e.record.false_pass_rate for e in self.entries if e.record.false_pass_rate})

    @property
    def false_supports(self) -> float:
        """How many false supports are expected at most."""
        return sum(entry.record.false_pass_rate for entry in self.entries)

    @property
    def latest(self) -> Run | None:
        """The last run."""
        return self.runs[-1] if self.runs else None
