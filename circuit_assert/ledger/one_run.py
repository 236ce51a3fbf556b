"""Whether ledgers are of one run: the conditions that its shards share, and its one first line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from circuit_assert.errors import CircuitAssertError
from circuit_assert.ledger.files import Ledger
from circuit_assert.ledger.records import RunRecord
from circuit_assert.ledger.shards import SHARD, SPLIT, Shards, named, shards_of

Runs: TypeAlias = Sequence[tuple[Ledger, RunRecord]]

_ONE_OF = ("schema", "false_pass_rate", "seed", "fail_on", "dtype")
_CALLED = {
    "false_pass_rate": "false-pass rate",
    "fail_on": "what fails a run",
    "dtype": "the default dtype",
}
_LIBRARY = "circuit-assert"
_FINISHED = (0, 1)
"""Exit statuses of a run that came to its end: an interrupted or broken one did not."""
_OPTION = "--claims-shard"


class MergeError(CircuitAssertError):
    """Ledgers do not belong to one run: other rates, weights or locks, or verdicts that differ."""


def require_one_run(runs: Runs) -> None:
    """Refuse runs under conditions that cannot be mixed.

    Raises:
        MergeError: naming what differs, and where.
    """
    (first, one), *others = runs
    for ledger, other in others:
        for name in _ONE_OF:
            was, now = getattr(one, name), getattr(other, name)
            if was != now:
                raise MergeError(
                    f"{_CALLED.get(name, name)} is {was} in {first.path} and {now} in "
                    f"{ledger.path}: only shards of one run can be merged."
                )
        _require_one_version(one, other, (first.path, ledger.path))
        _require_one_lock(one, other, (first.path, ledger.path))
        _require_one_split(one, other, (first.path, ledger.path))


def _require_one_version(one: RunRecord, other: RunRecord, paths: tuple[Path, Path]) -> None:
    """No ledger can say that its verdicts are of one commit when they are of two."""
    for what, was, now in (
        ("the commit of the tests", one.git_commit, other.git_commit),
        (_LIBRARY, one.versions.get(_LIBRARY), other.versions.get(_LIBRARY)),
        ("the default model", one.options.get("model"), other.options.get("model")),
    ):
        if was != now:
            raise MergeError(
                f"{what} is {was or 'not known'} in {paths[0]} and {now or 'not known'} in "
                f"{paths[1]}: run all shards with the same."
            )


def _require_one_lock(one: RunRecord, other: RunRecord, paths: tuple[Path, Path]) -> None:
    was, now = (each.options.get("lock_hash", "") for each in (one, other))
    if was != now:
        raise MergeError(
            f"{paths[0]} was judged by {_lock(was)} and {paths[1]} by {_lock(now)}: only "
            "shards that were held against the same lock can be merged."
        )


def _lock(said: str) -> str:
    return f"the lock {said}" if said else "no lock"


def _require_one_split(one: RunRecord, other: RunRecord, paths: tuple[Path, Path]) -> None:
    was, now = shards_of(one), shards_of(other)
    if (was and was.of) != (now and now.of):
        raise MergeError(
            f"{paths[0]} is {_shard(was)} and {paths[1]} {_shard(now)}: only shards of one split "
            "can be merged."
        )
    if one.options.get(SPLIT) != other.options.get(SPLIT):
        raise MergeError(
            f"{paths[0]} and {paths[1]} are {_shard(was)} and {_shard(now)} of two splits, so a "
            "test may be in neither: run all shards on the same tests, selected alike (-k, -m, "
            "--lf), with the same options."
        )


def _shard(shards: Shards | None) -> str:
    return "the run of no shard" if shards is None else named(shards.numbers, shards.of)


def is_finished(ledger: Ledger) -> bool:
    """Whether a shard ran to its end: it was not killed, interrupted or broken."""
    return ledger.end is not None and ledger.end.exit_status in _FINISHED


def shards_in(runs: Runs) -> Shards | None:
    """The shards that ran to their end; None where the run was not split.

    Those that were killed count where no other did.
    """
    known = [(ledger, shards) for ledger, run in runs if (shards := shards_of(run)) is not None]
    if not known:
        return None
    finished = [shards for ledger, shards in known if is_finished(ledger)]
    counted = finished or [shards for _, shards in known]
    return Shards(frozenset[int]().union(*(each.numbers for each in counted)), counted[0].of)


def require_every_shard(runs: Runs) -> None:
    """Refuse a run of which shards are missing.

    Raises:
        MergeError: naming them, and those that were killed.
    """
    found = shards_in(runs)
    if found is None:
        return
    finished = {number for ledger, run in runs if is_finished(ledger) for number in _of(run)}
    missing = set(range(1, found.of + 1)) - finished
    if not missing:
        return
    killed = [str(ledger.path) for ledger, run in runs if _of(run) & missing]
    why = f" ({', '.join(killed)}: killed or interrupted before its end)" if killed else ""
    raise MergeError(
        f"{named(missing, found.of)} {'is' if len(missing) == 1 else 'are'} missing{why}: run "
        f"{'it' if len(missing) == 1 else 'them'}{' again' if killed else ''}, or merge what "
        "there is with --partial."
    )


def again(runs: Runs) -> list[str]:
    """In words, the shards that were killed and run again."""
    finished = {
        number: ledger for ledger, run in runs if is_finished(ledger) for number in _of(run)
    }
    said: list[str] = []
    for ledger, run in runs:
        shards = shards_of(run)
        if shards is None or is_finished(ledger) or not shards.numbers <= finished.keys():
            continue
        other = finished[min(shards.numbers)]
        said.append(
            f"{named(shards.numbers, shards.of)}: {ledger.path.name} did not come to its end, "
            f"{other.path.name} did; what both judged counts once."
        )
    return said


def _of(run: RunRecord) -> frozenset[int]:
    shards = shards_of(run)
    return frozenset() if shards is None else shards.numbers


def one_record(runs: Runs) -> RunRecord:
    """The first line of them all: the earliest start, and what any of them says of its machine."""
    records = [run for _, run in runs]
    first = min(records, key=lambda run: (run.started, _arguments(run)))
    common = set.intersection(*(set(run.options.items()) for run in records))
    shards = shards_in(runs)
    options = dict(common) | ({} if shards is None else {SHARD: str(shards)})
    packages = sorted({package for run in records for package in run.versions})
    return replace(
        first,
        git_dirty=True if any(run.git_dirty for run in records) else first.git_dirty,
        versions={
            name: _all_of(run.versions.get(name, "") for run in records) for name in packages
        },
        device=_all_of(run.device for run in records),
        platform=_all_of(run.platform for run in records),
        options=dict(sorted(options.items())),
        arguments=_arguments(first),
    )


def _arguments(run: RunRecord) -> tuple[str, ...]:
    """Without the shard, which is no longer that of the whole."""
    before = ("", *run.arguments)
    return tuple(
        each
        for previous, each in zip(before, run.arguments, strict=False)
        if _OPTION not in (previous, each) and not each.startswith(f"{_OPTION}=")
    )


def _all_of(values: Iterable[str]) -> str:
    """Every value, where machines differ; the same again for what was merged before."""
    return "; ".join(sorted({each for value in values for each in value.split("; ") if each}))
