"""The claims of a run, each with what its tests assert of it and whether that holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from circuit_assert.ledger import (
    AssertionRecord,
    ClaimRecord,
    Ledger,
    NotRunRecord,
    Record,
    from_dict,
)
from circuit_assert.reporting.matrix import Said

Tone: TypeAlias = Literal["plain", "heading", "good", "bad", "undecided", "faint"]


@dataclass(frozen=True)
class Claimed(Said):
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
    def fails(self) -> bool:
        """Whether an assertion of it does not hold, and it is not open."""
        return not all(self.held) and not (self.undecided and self.is_open)

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


@dataclass(frozen=True)
class Results:
    """What came of a run, or of several together.

    Args:
        claims: In the order of first judgement.
        not_run: Tests of claims that could not run.
    """

    claims: tuple[Claimed, ...]
    not_run: tuple[NotRunRecord, ...] = ()

    @property
    def refuted(self) -> list[Claimed]:
        """Those of which something is asserted that does not hold."""
        return [claim for claim in self.claims if claim.fails and not claim.undecided]

    @property
    def undecided(self) -> list[Claimed]:
        """Those that are inconclusive and not open."""
        return [claim for claim in self.claims if claim.undecided and not claim.is_open]

    @property
    def open(self) -> list[Claimed]:
        """Those that may stay inconclusive, and do."""
        return [claim for claim in self.claims if claim.undecided and claim.is_open]

    @property
    def others(self) -> list[Claimed]:
        """Those that hold, or of which nothing is asserted."""
        return [claim for claim in self.claims if not claim.fails and not claim.undecided]

    @property
    def held(self) -> list[bool]:
        """For each assertion that can be told, whether it held."""
        return [holds for claim in self.claims for holds in claim.held]

    @property
    def rate(self) -> float | None:
        """The share of assertions that hold; None where there are none."""
        return sum(self.held) / len(self.held) if self.held else None

    @property
    def said(self) -> str:
        """How many assertions hold, in words."""
        held = self.held
        verb = "holds" if 1 in (sum(held), len(held)) else "hold"
        said = f"{sum(held)} of {count(len(held), 'assertion')} {verb}"
        still_open = sum(len(claim.held) for claim in self.open)
        undecided = sum(len(claim.held) for claim in self.undecided) + still_open
        said += f", {undecided} inconclusive" + (f" ({still_open} open)" if still_open else "")
        if self.not_run:
            said += f", {count(len(self.not_run), 'test')} not run"
        return said

    @classmethod
    def of(
        cls,
        records: Iterable[Mapping[str, Any] | Record],
        adjusted: Mapping[str, float] | None = None,
    ) -> Results:
        """Those of one run.

        Args:
            records: The ledger's lines.
            adjusted: Claim id → Holm's adjusted p-value.
        """
        every = known(records)
        absent = tuple(each for each in every if isinstance(each, NotRunRecord))
        return cls(tuple(claimed(every, adjusted)), absent)

    @classmethod
    def of_ledgers(cls, ledgers: Iterable[Ledger]) -> Results:
        """Those of several runs: the last that judged a claim counts.

        A test that one of them could not run and another did has run.

        Args:
            ledgers: The earliest first.
        """
        last: dict[str, Claimed] = {}
        absent: dict[str, NotRunRecord] = {}
        ran: set[str] = set()
        for ledger in ledgers:
            adjusted = ledger.end.holm if ledger.end else None
            found = cls.of((*ledger.claims, *ledger.assertions, *ledger.not_run), adjusted)
            last.update({claim.record.claim_id: claim for claim in found.claims})
            absent.update({each.nodeid: each for each in found.not_run})
            ran.update(each.nodeid for each in ledger.claims)
        return cls(
            tuple(last.values()),
            tuple(each for nodeid, each in absent.items() if nodeid not in ran),
        )


def claimed(
    records: Iterable[Mapping[str, Any] | Record], adjusted: Mapping[str, float] | None = None
) -> list[Claimed]:
    """The claims of a run, in the order of first judgement.

    Args:
        records: The ledger's lines.
        adjusted: Claim id → Holm's adjusted p-value.
    """
    judged: dict[str, list[ClaimRecord]] = {}
    ended: dict[str, list[AssertionRecord]] = {}
    for record in known(records):
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


def known(records: Iterable[Mapping[str, Any] | Record]) -> list[Record]:
    """The records, those read from lines as what they are; unknown kinds are left out."""
    read = (from_dict(each) if isinstance(each, Mapping) else each for each in records)
    return [record for record in read if record is not None]


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 test", "2 tests", "1,204 tests"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
