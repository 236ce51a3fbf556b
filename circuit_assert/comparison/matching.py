"""Which claim of one run is which of the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from circuit_assert.ledger import ClaimRecord, Ledger

Key: TypeAlias = Hashable


@dataclass(frozen=True)
class Judged:
    """One claim of a run.

    Args:
        record: Its first judgement.
        nodeids: The tests that judged it.
        polarities: Which ways they assert it, as far as that is known.
    """

    record: ClaimRecord
    nodeids: tuple[str, ...]
    polarities: frozenset[str]


@dataclass(frozen=True)
class Matched:
    """The claims of two runs, side by side.

    Args:
        pairs: Those that are in both.
        only_before: Those of the earlier run alone.
        only_after: Those of the later run alone.
    """

    pairs: tuple[tuple[Judged, Judged], ...]
    only_before: tuple[Judged, ...]
    only_after: tuple[Judged, ...]


def judged_in(ledger: Ledger) -> dict[str, Judged]:
    """Claim id → the claim, in the order of first judgement."""
    records: dict[str, list[ClaimRecord]] = {}
    for record in ledger.claims:
        records.setdefault(record.claim_id, []).append(record)
    polarities: dict[str, set[str]] = {}
    for each in ledger.assertions:
        if each.polarity != "unknown":
            polarities.setdefault(each.claim_id, set()).add(each.polarity)
    return {
        claim_id: Judged(
            many[0],
            tuple(each.nodeid for each in many),
            frozenset(polarities.get(claim_id, ())),
        )
        for claim_id, many in records.items()
    }


def match(before: Ledger, after: Ledger) -> Matched:
    """Put the claims of two runs side by side.

    By claim id; what is left, by model, type, arguments and words, since another false-pass rate
    makes another id; then by the arguments that both runs know, since another version of the
    library may know more; then without the model, where the runs have no model in common. A key
    that several claims of a run share matches none.
    """
    earlier, later = judged_in(before), judged_in(after)
    pairs: list[tuple[Judged, Judged]] = []
    pairs += _taken(earlier, later, lambda each: each.claim_id)
    pairs += _taken(earlier, later, lambda each: (each.model, *_said(each)))
    pairs += _taken(earlier, later, lambda each: (each.model, each.claim_type, each.words), _agree)
    if not {each.model for each in before.claims} & {each.model for each in after.claims}:
        pairs += _taken(earlier, later, _said)
    return Matched(tuple(pairs), tuple(earlier.values()), tuple(later.values()))


def _said(record: ClaimRecord) -> tuple[Key, ...]:
    """What a claim says, whatever model it says it of."""
    arguments = tuple(sorted(record.arguments.items()))
    return record.claim_type, arguments, record.words


def _agree(one: ClaimRecord, other: ClaimRecord) -> bool:
    """Whether they agree in every argument that both have, and each knows all of the other's.

    Claims record defaults too: an argument is missing only where its parameter is.
    """
    was, now = one.arguments, other.arguments
    nested = was.keys() <= now.keys() or now.keys() <= was.keys()
    return nested and all(now[name] == value for name, value in was.items() if name in now)


def _taken(
    earlier: dict[str, Judged],
    later: dict[str, Judged],
    key: Callable[[ClaimRecord], Key],
    agree: Callable[[ClaimRecord, ClaimRecord], bool] = lambda one, other: True,
) -> list[tuple[Judged, Judged]]:
    """Take out the pairs that share a key and agree."""
    left, right = _by(key, earlier.values()), _by(key, later.values())
    both = [(left[each], right[each]) for each in left if each in right]
    found = [(one, other) for one, other in both if agree(one.record, other.record)]
    for one, other in found:
        del earlier[one.record.claim_id], later[other.record.claim_id]
    return found


def _by(key: Callable[[ClaimRecord], Key], claims: Iterable[Judged]) -> Mapping[Key, Judged]:
    found: dict[Key, list[Judged]] = {}
    for each in claims:
        found.setdefault(key(each.record), []).append(each)
    return {name: many[0] for name, many in found.items() if len(many) == 1}
