"""Ledgers of one run's shards, made into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.files import Ledger
from circuit_assert.ledger.records import (
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ModelRecord,
    NotRunRecord,
    Record,
    RunRecord,
)

_ONE_OF = ("schema", "false_pass_rate", "seed", "fail_on")
_CALLED = {"false_pass_rate": "false-pass rate", "fail_on": "what fails a run"}


class MergeError(CircuitAssertError):
    """Ledgers do not belong to one run: other rates, weights or locks, or verdicts that differ."""


def merged(ledgers: Sequence[Ledger]) -> list[Record]:
    """The records of one ledger that says what all of them say.

    The same ledgers in any order, or some of them twice, or what was merged before, give the same
    records. A test that could not run in one shard and ran in another has run.

    Args:
        ledgers: The shards'.

    Raises:
        MergeError: for none, for shards that ran under conditions which cannot be mixed, and for
            a claim with two verdicts.
    """
    runs = [(each, each.run) for each in ledgers if each.run is not None]
    if not runs:
        raise MergeError("there is nothing to merge: no ledger has the line of a run.")
    _require_one_run(runs)
    _require_one_fingerprint(ledgers)
    claims = _claims(ledgers)
    assertions = _assertions(ledgers)
    ran = {each.nodeid for each in claims}
    not_run = {one for each in ledgers for one in each.not_run if one.nodeid not in ran}
    models = {model for each in ledgers for model in each.models}
    records: list[Record] = [min((run for _, run in runs), key=_of_run)]
    records += sorted(models, key=_of_model)
    records += [*claims, *assertions, *sorted(not_run, key=_of_not_run)]
    end = _end(ledgers, claims)
    return [*records, end] if end is not None else records


def _require_one_run(runs: Sequence[tuple[Ledger, RunRecord]]) -> None:
    (first, one), *others = runs
    for ledger, other in others:
        for name in _ONE_OF:
            was, now = getattr(one, name), getattr(other, name)
            if was != now:
                raise MergeError(
                    f"{_CALLED.get(name, name)} is {was} in {first.path} and {now} in "
                    f"{ledger.path}: only shards of one run can be merged."
                )
        was, now = (each.options.get("lock_hash", "") for each in (one, other))
        if was != now:
            raise MergeError(
                f"{first.path} was judged by {_lock(was)} and {ledger.path} by {_lock(now)}: only "
                "shards that were held against the same lock can be merged."
            )


def _lock(said: str) -> str:
    return f"the lock {said}" if said else "no lock"


def _require_one_fingerprint(ledgers: Iterable[Ledger]) -> None:
    known: dict[str, tuple[str, Path]] = {}
    for ledger in ledgers:
        for claim in ledger.claims:
            was, path = known.setdefault(claim.model, (claim.fingerprint, ledger.path))
            if was != claim.fingerprint:
                raise MergeError(
                    f"{claim.model} has the weights {was} in {path} and {claim.fingerprint} in "
                    f"{ledger.path}: these are two models, or one in two types of number."
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
            kept[key] = min(kept.get(key, claim), claim, key=_of_claim)
    return sorted(kept.values(), key=_of_claim)


def _assertions(ledgers: Iterable[Ledger]) -> list[AssertionRecord]:
    """Each once for each test; one that does not hold before one that does."""
    kept: dict[tuple[str, str], AssertionRecord] = {}
    for each in (each for ledger in ledgers for each in ledger.assertions):
        key = each.claim_id, each.nodeid
        kept[key] = min(kept.get(key, each), each, key=_of_assertion)
    return [kept[key] for key in sorted(kept)]


def _end(ledgers: Iterable[Ledger], claims: Sequence[ClaimRecord]) -> EndRecord | None:
    """The last end; None when a shard was killed, which the whole then was too."""
    every = list(ledgers)
    ends = [each.end for each in every if each.end is not None]
    if len(ends) < len(every):
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


def _of_run(record: RunRecord) -> tuple[str, str]:
    return record.started, repr(record)


def _of_model(record: ModelRecord) -> tuple[str, ...]:
    return record.model, record.fingerprint, record.dtype, record.device


def _of_claim(record: ClaimRecord) -> tuple[str, str, str, str]:
    return record.at, record.nodeid, record.claim_id, repr(record)


def _of_assertion(record: AssertionRecord) -> tuple[int, str]:
    order: dict[bool | None, int] = {False: 0, True: 1, None: 2}
    return order[record.held], repr(record)


def _of_not_run(record: NotRunRecord) -> tuple[str, str]:
    return record.nodeid, record.reason
