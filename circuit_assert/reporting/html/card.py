"""What a claim's card shows, put in order for the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median

from circuit_assert.ledger import ClaimRecord, FindingRecord
from circuit_assert.reporting.html import figures, words
from circuit_assert.reporting.html.entries import Entry
from circuit_assert.reporting.terminal import number

_MOST_ROWS = 60
_SHOWN_ROWS = 15  # at either end, of more than that
_MOST_PAST = 24


@dataclass(frozen=True)
class ClusterTable:
    """The means behind a row of dots.

    Args:
        name: What they are clusters by.
        rows: (cluster, mean), the smallest first.
        left_out: How many in the middle are not listed.
    """

    name: str
    rows: tuple[tuple[str, float], ...]
    left_out: int = 0


@dataclass(frozen=True)
class Shown:
    """One criterion, with its pictures."""

    record: FindingRecord

    @cached_property
    def mini(self) -> figures.IntervalFigure | None:
        """Its interval in a line."""
        return figures.mini_figure(self.record)

    @cached_property
    def figure(self) -> figures.IntervalFigure | None:
        """Its interval, its region and its clusters."""
        return figures.interval_figure(self.record)

    @cached_property
    def peers(self) -> figures.PeersFigure | None:
        """Its number among those of others."""
        return figures.peers_figure(self.record)

    @property
    def peers_said(self) -> str:
        """The same in words."""
        others = self.record.others
        own = f"{number(self.record.value)}; " if self.record.value is not None else ""
        return (
            f"{own}{words.count(len(others), 'other')}: lowest {number(others[0])}, "
            f"median {number(median(others))}, highest {number(others[-1])}"
        )

    @property
    def observed(self) -> str:
        """Effect and interval, or the number behind a fact, or why there is none."""
        found = self.record
        if found.effect is not None:
            return f"{number(found.effect)} {words.interval(found.low, found.high)}"
        return found.reason if found.value is None else number(found.value)

    @property
    def counted(self) -> str:
        """How many units in how many clusters."""
        by = " × ".join(words.count(many, name) for name, many in self.record.clusters.items())
        units = words.count(self.record.units, "unit")
        return f"{units} in {by}" if by else units

    @property
    def power(self) -> str:
        """What could have been found, of a criterion that is inconclusive."""
        found = self.record
        if found.detectable is None or found.verdict != "inconclusive":
            return ""
        said = f"{number(found.detectable)} inside the bound would be found 8 times in 10"
        if found.clusters_needed is not None:
            said += f"; about {words.count(found.clusters_needed, 'cluster')} for the effect seen"
        return said

    @property
    def clusters(self) -> list[ClusterTable]:
        """The means that the dots stand for."""
        return [_table(name, ids) for name, ids in self.record.cluster_means.items()]


def _table(name: str, ids: Mapping[str, float]) -> ClusterTable:
    rows = tuple(sorted(ids.items(), key=lambda item: item[1]))
    if len(rows) <= _MOST_ROWS:
        return ClusterTable(name, rows)
    ends = rows[:_SHOWN_ROWS] + rows[-_SHOWN_ROWS:]
    return ClusterTable(name, ends, len(rows) - len(ends))


@dataclass(frozen=True)
class Card:
    """A claim as its card shows it.

    Args:
        entry: The claim.
        now: When the report is made.
    """

    entry: Entry
    now: datetime

    @property
    def record(self) -> ClaimRecord:
        """Its last judgement."""
        return self.entry.record

    @cached_property
    def shown(self) -> Shown | None:
        """The criterion to show first."""
        found = self.record.shown
        return None if found is None else Shown(found)

    @cached_property
    def findings(self) -> list[Shown]:
        """All criteria."""
        return [Shown(found) for found in self.record.findings]

    @property
    def standing(self) -> str:
        """What became of it, in words that say what its tests assert."""
        said = self.entry.standing
        if said != "holds":
            return said
        sides = {test.polarity for test in self.entry.tests if test.held}
        return "holds, denied" if sides == {"denied"} else "holds"

    @property
    def against(self) -> str:
        """For a claim that fails, what its tests say; empty for another."""
        if self.entry.standing != "fails":
            return ""
        said = {test.polarity for test in self.entry.tests if test.held is False}
        verbs = {"asserted": "asserts", "denied": "denies"}
        return "".join(f", but its test {verbs[each]} it" for each in sorted(said) if each in verbs)

    @property
    def age(self) -> str:
        """How long before the report it was judged last."""
        return words.age(self.record.at, self.now)

    @property
    def is_old(self) -> bool:
        """Whether it was judged an hour or more before the report."""
        at = words.moment(self.record.at)
        return at is not None and self.now - at >= timedelta(hours=1)

    @property
    def open_at_first(self) -> bool:
        """Whether its card is open when the page is: it needs a look."""
        return self.entry.standing in ("fails", "inconclusive")

    @property
    def judged(self) -> str:
        """When it was judged last, and how long ago."""
        at = self.record.at
        return f"{words.day(at)}, {words.age(at, self.now)} before this report" if at else ""

    @property
    def place(self) -> str:
        """File and line."""
        line = f":{self.record.line}" if self.record.line is not None else ""
        return f"{self.record.file}{line}" if self.record.file else ""

    @property
    def past(self) -> tuple[object, ...]:
        """Its verdicts in the latest runs; none when there is one alone."""
        past = self.entry.past[-_MOST_PAST:]
        return past if len(past) > 1 else ()

    @property
    def interventions(self) -> list[str]:
        """What was ablated, patched or steered, each once."""
        every = (each for found in self.record.findings for each in found.interventions)
        return list(dict.fromkeys(every))

    @property
    def settings(self) -> dict[str, str]:
        """Under what conditions it was judged."""
        record, entry = self.record, self.entry
        rows = {
            "claim": f"{record.claim_type}, {record.claim_id}",
            **{f"argument {name}": value for name, value in record.arguments.items()},
            "α": f"{record.false_pass_rate:g}" if record.false_pass_rate else "",
            "p-value": _p(record.p_value),
            "Holm’s p-value, in its run": _p(entry.holm),
            "q-value, in its run": _p(entry.q_value),
            "model": record.model,
            "weights": record.fingerprint,
            "dtype, device": ", ".join(filter(None, (record.dtype, record.device))),
            "seed": str(record.seed),
            "noise floor": f"{record.noise_floor:.2g}" if record.noise_floor else "",
            "tags": ", ".join(record.tags),
            "measuring": _measured(record),
            "run": entry.run,
        }
        return {name: value for name, value in rows.items() if value}


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _measured(record: ClaimRecord) -> str:
    if not (record.seconds or record.runs or record.reused):
        return ""
    said = f"{record.seconds:.2g} s, {words.count(record.runs, 'run')}"
    return (
        f"{said}, {words.count(record.reused, 'score')} from the cache" if record.reused else said
    )
