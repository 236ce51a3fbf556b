"""From ledgers to entries: for each claim its last verdict, unless its test has moved on."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from circuit_assert.ledger import AssertionRecord, ClaimRecord, EndRecord, Ledger
from circuit_assert.reporting.html.entries import Absent, Entry, Past, Point, Run, Tested

_STOPPED = "its test failed before it came to this claim"


@dataclass(frozen=True)
class Gathered:
    """What a report is of.

    Args:
        runs: The earliest first.
        entries: Claims; what needs a look first, then in the order of judgement.
        absent: Tests that could not run and have no verdict.
        history: Model → its assertions, run by run.
    """

    runs: tuple[Run, ...]
    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...]
    history: dict[str, tuple[Point, ...]]


def gather(ledgers: Iterable[Ledger], earlier: Iterable[Ledger] = ()) -> Gathered:
    """What ledgers say of the claims that they judged or could not.

    Args:
        ledgers: Runs whose claims are meant.
        earlier: Runs that only tell what came before; read one by one and not kept.
    """
    book = _Book()
    for ledger in ledgers:
        book.add(ledger)
    wanted = frozenset(book.tests)
    for ledger in earlier:
        book.add(ledger, only=wanted)
    return book.closed()


class _Judged(NamedTuple):
    record: ClaimRecord
    assertion: AssertionRecord | None
    run: str
    end: EndRecord | None


@dataclass
class _Book:
    """What was read so far; runs are told apart, and ordered, by their key."""

    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    judged: dict[tuple[str, str], _Judged] = field(default_factory=dict[tuple[str, str], _Judged])
    past: dict[str, dict[str, Past]] = field(default_factory=dict[str, dict[str, Past]])
    tests: dict[str, str] = field(default_factory=dict[str, str])
    failed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    not_run: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    points: dict[tuple[str, str], list[bool]] = field(
        default_factory=dict[tuple[str, str], list[bool]]
    )

    def add(self, ledger: Ledger, only: Container[str] | None = None) -> None:
        """Read a run; with `only`, no more than these tests of it."""
        key = _key(ledger)
        if key in self.runs:
            return
        started = ledger.run.started if ledger.run else ""
        self.runs[key] = Run(
            0, ledger.name, started, ledger.run, ledger.end is not None, only is not None
        )
        ended = {(each.claim_id, each.nodeid): each for each in ledger.assertions}
        for claim in ledger.claims:
            if only is None or claim.nodeid in only:
                found = ended.get((claim.claim_id, claim.nodeid))
                self._judge(key, _Judged(claim, found, key, ledger.end))
        for each in ledger.not_run:
            if only is None or each.nodeid in only:
                self.tests[each.nodeid] = max(self.tests.get(each.nodeid, ""), "")
                known = self.not_run.get(each.nodeid, ("", ""))
                self.not_run[each.nodeid] = max(known, (key, each.reason))

    def _judge(self, key: str, judged: _Judged) -> None:
        record, assertion = judged.record, judged.assertion
        place = (record.claim_id, record.nodeid)
        if place not in self.judged or self.judged[place].run <= key:
            self.judged[place] = judged
        self.tests[record.nodeid] = max(self.tests.get(record.nodeid, ""), key)
        held = assertion.held if assertion else None
        if assertion is None or assertion.outcome not in ("passed", "settled"):
            self.failed.add((record.nodeid, key))
        if held is not None:
            self.points.setdefault((record.model, key), []).append(held)
        before = self.past.setdefault(record.claim_id, {}).get(key)
        worst = False if before and before.held is False else held
        name = self.runs[key].name
        self.past[record.claim_id][key] = Past(name, record.at, record.verdict, worst)

    def closed(self) -> Gathered:
        """Everything, in order."""
        runs = {
            key: Run(number, run.name, run.started, run.record, run.ended, run.earlier)
            for number, (key, run) in enumerate(sorted(self.runs.items()), start=1)
        }
        return Gathered(
            tuple(runs.values()), self._entries(), self._absent(), _history(self.points, runs)
        )

    def _entries(self) -> tuple[Entry, ...]:
        by_claim: dict[str, list[tuple[_Judged, Tested]]] = {}
        for judged in self.judged.values():
            tested = self._tested(judged)
            if tested is not None:
                by_claim.setdefault(judged.record.claim_id, []).append((judged, tested))
        made = [self._entry(number, *zip(*many, strict=True))
                for number, many in enumerate(by_claim.values(), start=1)]  # fmt: skip
        return tuple(sorted(made, key=lambda entry: entry.rank))

    def _entry(self, number: int, judged: tuple[_Judged, ...], tests: tuple[Tested, ...]) -> Entry:
        last = max(judged, key=lambda each: each.run)
        claim_id = last.record.claim_id
        return Entry(
            last.record,
            tests,
            tuple(past for _, past in sorted(self.past[claim_id].items())),
            self.runs[last.run].name,
            last.end.holm.get(claim_id) if last.end else None,
            last.end.q_values.get(claim_id) if last.end else None,
            number,
        )

    def _tested(self, judged: _Judged) -> Tested | None:
        """What a test makes of a claim; None when it judged others since and not this one."""
        record, assertion = judged.record, judged.assertion
        since, reason = self.not_run.get(record.nodeid, ("", ""))
        missing = reason if since > judged.run else ""
        last = self.tests[record.nodeid]
        if last > judged.run:
            if (record.nodeid, last) not in self.failed:
                return None
            missing = missing or _STOPPED
        if assertion is None:
            return Tested(record.nodeid, None, "unknown", "", missing)
        return Tested(record.nodeid, assertion.held, assertion.polarity, assertion.outcome, missing)

    def _absent(self) -> tuple[Absent, ...]:
        return tuple(
            Absent(nodeid, reason, self.runs[key].name)
            for nodeid, (key, reason) in self.not_run.items()
            if not self.tests[nodeid]
        )


def _key(ledger: Ledger) -> str:
    """Runs in the order of time; two that began at once are told apart by their files."""
    started = ledger.run.started if ledger.run else ""
    return f"{started} {ledger.name}"


def _history(
    points: dict[tuple[str, str], list[bool]], runs: dict[str, Run]
) -> dict[str, tuple[Point, ...]]:
    models = list(dict.fromkeys(model for model, _ in points))
    return {
        model: tuple(
            Point(run, sum(points[model, key]), len(points[model, key]))
            for key, run in runs.items()
            if (model, key) in points
        )
        for model in models
    }
