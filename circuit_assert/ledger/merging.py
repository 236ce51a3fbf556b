"""Ledgers of one run's shards, made into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from circuit_assert.ledger.files import Ledger
from circuit_assert.ledger.one_run import (
    MergeError,
    Runs,
    again,
    is_finished,
    one_record,
    require_every_shard,
    require_one_run,
    shards_in,
)
from circuit_assert.ledger.records import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ModelRecord,
    NotRunRecord,
    Record,
)

__all__ = ["MergeError", "adjusted", "merged", "run_again"]


def merged(ledgers: Sequence[Ledger], *, partial: bool = False) -> list[Record]:
    """The records of one ledger that says what all of them say.

    The same ledgers in any order, or some of them twice, or what was merged before, give the same
    records. A test that could not run in one shard and ran in another has run. A shard that was
    killed and run again counts as run; its verdicts count once.

    Args:
        ledgers: The shards'.
        partial: Whether shards may be missing; the record of the run then names those that are
            there.

    Raises:
        MergeError: for none, for shards that ran under conditions which cannot be mixed, for
            missing ones, and for a claim with two verdicts.
    """
    runs = _runs(ledgers)
    if not runs:
        raise MergeError("there is nothing to merge: no ledger has the line of a run.")
    require_one_run(runs)
    if not partial:
        require_every_shard(runs)
    _require_one_fingerprint(ledgers)
    claims = _claims(ledgers)
    ran = {each.nodeid for each in claims}
    not_run = {one for each in ledgers for one in each.not_run if one.nodeid not in ran}
    models = {model for each in ledgers for model in each.models}
    records: list[Record] = [one_record(runs)]
    records += sorted(models, key=_of_model)
    records += [*claims, *_assertions(ledgers), *sorted(not_run, key=_of_not_run)]
    end = _end(ledgers, claims, is_split=shards_in(runs) is not None)
    return [*records, end] if end is not None else records


def run_again(ledgers: Sequence[Ledger]) -> list[str]:
    """In words, the shards that were killed and run again."""
    return again(_runs(ledgers))


def _runs(ledgers: Sequence[Ledger]) -> Runs:
    return [(each, each.run) for each in ledgers if each.run is not None]


def _require_one_fingerprint(ledgers: Iterable[Ledger]) -> None:
    """Of each model and dtype: a run may hold a model in two."""
    known: dict[tuple[str, str], tuple[str, Path]] = {}
    for ledger in ledgers:
        for claim in ledger.claims:
            this = claim.fingerprint, ledger.path
            was, path = known.setdefault((claim.model, claim.dtype), this)
            if was != claim.fingerprint:
                dtype = f" ({claim.dtype})" if claim.dtype else ""
                raise MergeError(
                    f"{claim.model}{dtype} has the weights {was} in {path} and "
                    f"{claim.fingerprint} in {ledger.path}: these are two models of one name."
                )


def _claims(ledgers: Iterable[Ledger]) -> list[ClaimRecord]:
    """Each once for each test, the first that was judged; in the order of judgement."""
    verdicts: dict[str, tuple[str, Path]] = {}
    kept: dict[tuple[str, str], ClaimRecord] = {}
    for ledger in ledgers:
        for claim in ledger.claims:
            was, path = verdicts.setdefault(claim.claim_id, (claim.verdict, ledger.path))
            if was != claim.verdict:
                raise MergeError(
                    f"{claim.sentence or claim.claim_id} is {was} in {path} and {claim.verdict} "
                    f"in {ledger.path}: find out which of them is right; nothing was merged."
                )
            key = claim.claim_id, claim.nodeid
            known = kept.setdefault(key, claim)
            if known != claim:
                kept[key] = min(known, claim, key=lambda each: (each.at, repr(each)))
    return sorted(kept.values(), key=lambda each: (each.at, each.nodeid, each.claim_id))


def _assertions(ledgers: Iterable[Ledger]) -> list[AssertionRecord]:
    """Each once for each test; one that does not hold before one that does."""
    kept: dict[tuple[str, str], AssertionRecord] = {}
    for each in (each for ledger in ledgers for each in ledger.assertions):
        known = kept.setdefault((each.claim_id, each.nodeid), each)
        if known != each:
            kept[each.claim_id, each.nodeid] = min(known, each, key=_of_assertion)
    return [kept[key] for key in sorted(kept)]


def _end(
    ledgers: Iterable[Ledger], claims: Sequence[ClaimRecord], *, is_split: bool
) -> EndRecord | None:
    """The last end; None when a run was killed, which the whole then was too.

    Of a run that was split, that of the shards that came to their end: whether others are missing
    its record says.
    """
    every = list(ledgers)
    finished = [each for each in every if is_finished(each)] if is_split else every
    ends = [each.end for each in finished if each.end is not None]
    if not ends or len(ends) < len(finished):
        return None
    holm, q_values = adjusted((each.claim_id, each.p_value) for each in claims)
    return EndRecord(
        ended=max(each.ended for each in ends),
        exit_status=max(each.exit_status for each in ends),
        holm=holm,
        q_values=q_values,
    )


def adjusted(
    judged: Iterable[tuple[str, float | None]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Holm's p-values and Benjamini and Yekutieli's q-values over some claims, by claim id.

    Args:
        judged: Claim id and p-value; of a claim that comes again, the first counts, and none is 1.
    """
    p_values: dict[str, float] = {}
    for claim_id, p_value in judged:
        p_values.setdefault(claim_id, 1.0 if p_value is None else p_value)
    if not p_values:
        return {}, {}
    from circuit_assert import stats

    given = list(p_values.values())
    return (
        dict(zip(p_values, stats.holm(given).tolist(), strict=True)),
        dict(zip(p_values, stats.benjamini_yekutieli(given).tolist(), strict=True)),
    )


def _of_model(record: ModelRecord) -> tuple[str, ...]:
    return record.model, record.fingerprint, record.dtype, record.device


def _of_assertion(record: AssertionRecord) -> tuple[int, str]:
    order: dict[bool | None, int] = {False: 0, True: 1, None: 2}
    return order[record.held], repr(record)


def _of_not_run(record: NotRunRecord) -> tuple[str, str]:
    return record.nodeid, record.reason
