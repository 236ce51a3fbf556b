"""Two runs, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from circuit_assert import stats
from circuit_assert.comparison.change import Change, Gone, NotRun
from circuit_assert.comparison.drift import Moved, moved
from circuit_assert.comparison.matching import Judged, match
from circuit_assert.comparison.settings import Setting, settings
from circuit_assert.comparison.unit_values import UnitValues
from circuit_assert.ledger import ClaimRecord, Ledger
from circuit_assert.ledger.shards import part_of

_ALPHA = 0.01


@dataclass(frozen=True)
class Comparison:
    """What changed from one run to another.

    Args:
        before: The earlier run.
        after: The later run.
        alpha: The rate of false drifts.
        changes: Every claim that both judged, in the order of the later run.
        not_run: Claims of the earlier run whose test gave no verdict in the later one.
        appeared: Claims that only the later run judged.
        disappeared: Claims that a test of the later run no longer judges.
        settings: What else differs.
        tested: How many claims were tested for drift.
        still: Why the other claims were not → how many.
        elsewhere: How many claims of one run are left out, as the other is a part of a run (a
            shard) and their tests gave no verdict in it: they are another part's.
    """

    before: Ledger
    after: Ledger
    alpha: float
    changes: tuple[Change, ...]
    not_run: tuple[NotRun, ...] = ()
    appeared: tuple[ClaimRecord, ...] = ()
    disappeared: tuple[Gone, ...] = ()
    settings: tuple[Setting, ...] = ()
    tested: int = 0
    still: Mapping[str, int] = field(default_factory=dict[str, int])
    elsewhere: int = 0

    def newly(self, verdict: str) -> tuple[Change, ...]:
        """The claims with another verdict than before, which is now this one."""
        found = [each for each in self.changes if each.another_verdict]
        return tuple(each for each in found if each.after.verdict == verdict)

    @cached_property
    def worse(self) -> tuple[Change, ...]:
        """The claims whose new verdict speaks against what a test asserts."""
        return tuple(each for each in self.changes if each.worse)

    @cached_property
    def drifted(self) -> tuple[Change, ...]:
        """The claims whose paired difference excludes zero, whatever their verdict."""
        return tuple(each for each in self.changes if each.drifted)

    @cached_property
    def apart(self) -> tuple[Change, ...]:
        """The claims without paired values whose two intervals lie apart."""
        unpaired = [each for each in self.changes if each.drift is not None and not each.drifted]
        return tuple(unpaired)

    @property
    def unchanged(self) -> int:
        """How many claims have the same verdict, and did not move as far as can be told."""
        return sum(not each.another_verdict and each.drift is None for each in self.changes)

    def exit_status(self, *, fail_on_drift: bool = False) -> int:
        """0 when nothing is worse, 1 when something is.

        Args:
            fail_on_drift: Whether drift counts as worse. Default False.
        """
        return int(bool(self.worse) or (fail_on_drift and bool(self.drifted)))


def compare(before: Ledger, after: Ledger, *, history: Iterable[Ledger] = ()) -> Comparison:
    """What changed from one run to another: of one model at two dates, or of two models.

    Args:
        before: The earlier run, or the first model's.
        after: The later run, or the second model's.
        history: Other runs, to find the last verdict on claims that did not run in. Looked at only
            when there are such claims.
    """
    matched = match(before, after)
    place = {each.claim_id: number for number, each in reversed(list(enumerate(after.claims)))}
    pairs = sorted(matched.pairs, key=lambda pair: place[pair[1].record.claim_id])
    alpha = _alpha(before, after)
    units = UnitValues(before, after)
    movements = [moved(one.record, other.record, units, alpha) for one, other in pairs]
    changes, tested = _changes(pairs, movements, alpha)
    gone, new = _here(matched.only_before, after), _here(matched.only_after, before)
    not_run, disappeared = _missing(gone, new, after)
    return Comparison(
        before=before,
        after=after,
        alpha=alpha,
        changes=changes,
        not_run=_latest(not_run, after, history),
        appeared=tuple(each.record for each in new),
        disappeared=disappeared,
        settings=settings(before, after),
        tested=tested,
        still=Counter(each.still for each in movements if each.still),
        elsewhere=len(matched.only_before) + len(matched.only_after) - len(gone) - len(new),
    )


def _here(claims: Sequence[Judged], other: Ledger) -> Sequence[Judged]:
    """Claims of one run without those that are another part's, where the other run is a part."""
    if part_of(other.run) is None:
        return claims
    known = {each.nodeid for each in (*other.claims, *other.not_run)}
    return [each for each in claims if known.issuperset(each.nodeids)]


def _alpha(before: Ledger, after: Ledger) -> float:
    """The stricter of the two runs' false-pass rates."""
    rates = [each.run.false_pass_rate for each in (before, after) if each.run is not None]
    return min([rate for rate in rates if 0 < rate < 0.5], default=_ALPHA)


def _changes(
    pairs: list[tuple[Judged, Judged]], movements: list[Moved], alpha: float
) -> tuple[tuple[Change, ...], int]:
    """The changes, and how many claims were tested for drift.

    A claim that nowhere differs by more than the noise is not tested. That is known from the
    sizes of its differences alone, so the tests of the others are as good as if it were not there.
    """
    tested = [place for place, each in enumerate(movements) if each.tested]
    q_values = stats.benjamini_yekutieli([movements[place].p_value for place in tested]).tolist()
    q_of = dict(zip(tested, q_values, strict=True))
    made: list[Change] = []
    for place, ((one, other), movement) in enumerate(zip(pairs, movements, strict=True)):
        drift = movement.apart
        if q_of.get(place, 1.0) <= alpha:
            drift = movement.drift(alpha, q_of[place])
        polarities = one.polarities or other.polarities
        made.append(Change(one.record, other.record, polarities, drift))
    return tuple(made), len(tested)


def _missing(
    only_before: Iterable[Judged], only_after: Iterable[Judged], after: Ledger
) -> tuple[list[NotRun], tuple[Gone, ...]]:
    """Claims of the earlier run alone: whose test did not run, and whose test claims otherwise."""
    reasons = {each.nodeid: each.reason for each in after.not_run}
    ran = {each.nodeid for each in after.claims}
    new: dict[str, list[ClaimRecord]] = {}
    for each in only_after:
        for nodeid in each.nodeids:
            new.setdefault(nodeid, []).append(each.record)
    not_run: list[NotRun] = []
    gone: list[Gone] = []
    for each in only_before:
        silent = [nodeid for nodeid in each.nodeids if nodeid not in ran]
        if silent:
            not_run.append(NotRun(each.record, reasons.get(silent[0], "")))
        else:
            others = [one for nodeid in each.nodeids for one in new.get(nodeid, ())]
            gone.append(Gone(each.record, _instead(each.record, others)))
    return not_run, tuple(gone)


def _instead(claim: ClaimRecord, others: Iterable[ClaimRecord]) -> ClaimRecord | None:
    """The one new claim of the same test, type and first argument."""
    alike = {one.claim_id: one for one in others if _subject(one) == _subject(claim)}
    return next(iter(alike.values())) if len(alike) == 1 else None


def _subject(claim: ClaimRecord) -> tuple[str, str, str]:
    return claim.claim_type, claim.model, next(iter(claim.arguments.values()), "")


def _latest(not_run: list[NotRun], after: Ledger, history: Iterable[Ledger]) -> tuple[NotRun, ...]:
    """With the last verdict before the later run, wherever it was given."""
    if not not_run:
        return ()
    end = after.run.started if after.run is not None else "~"
    last = {each.last.claim_id: each.last for each in not_run}
    for ledger in history:
        for claim in ledger.claims:
            known = last.get(claim.claim_id)
            if known is not None and known.at < claim.at < end:
                last[claim.claim_id] = claim
    return tuple(NotRun(last[each.last.claim_id], each.reason) for each in not_run)
