"""Ledgers as a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuit_assert.ledger.files import Ledger, read, read_folder
from circuit_assert.ledger.records import AssertionRecord, ClaimRecord

if TYPE_CHECKING:
    import pandas as pd

_OF_THE_CLAIM = (
    "claim_id", "claim_type", "sentence", "model", "verdict", "reason", "p_value",
    "false_pass_rate", "nodeid", "file", "line", "tags", "open", "fingerprint", "dtype", "device",
    "seed", "seconds", "runs", "reused", "noise_floor", "source", "arguments", "worker", "at",
)  # fmt: skip
_OF_THE_FINDING = (
    "effect", "low", "high", "unit", "region", "units", "clusters", "detectable",
    "clusters_needed", "method", "interventions", "cluster_means",
)  # fmt: skip
_OF_THE_ASSERTION = ("held", "polarity", "outcome")
_OF_THE_RUN = ("started", "git_commit", "git_dirty")


def load_runs(path: Path | str) -> pd.DataFrame:
    """Every judgement of every run: a row per claim, test and run, in the order of judgement.

    Numbers are those of the criterion that is shown first; all criteria are in
    `circuit_assert.ledger.read`.

    Args:
        path: A ledger, a folder of ledgers, or the folder `.claims` that holds it.

    Returns:
        Columns: "run" and what is known of it, then the fields of `ClaimRecord`, of the finding
        that is shown first, and of the assertion; "holm" and "q_value" are the run's.

    Raises:
        CircuitAssertError: when there is no such file or folder, or a file is no ledger.

    Example:
        >>> import circuit_assert
        >>> runs = circuit_assert.load_runs(".claims")                        # doctest: +SKIP
        >>> runs.groupby(["model", "claim_type"])["held"].mean()              # doctest: +SKIP
    """
    import pandas as pd

    given = Path(path)
    ledgers = [read(given)] if given.is_file() else read_folder(given)
    return pd.DataFrame([row for each in ledgers for row in _rows(each)], columns=_columns())


def _columns() -> list[str]:
    numbers = ["holm", "q_value"]
    return [
        "run", *_OF_THE_RUN, *_OF_THE_CLAIM, *_OF_THE_FINDING, *_OF_THE_ASSERTION, *numbers
    ]  # fmt: skip


def _rows(ledger: Ledger) -> Iterator[dict[str, Any]]:
    ended = {(each.claim_id, each.nodeid): each for each in ledger.assertions}
    holm = ledger.end.holm if ledger.end else {}
    q_values = ledger.end.q_values if ledger.end else {}
    for claim in ledger.claims:
        yield {
            "run": ledger.name,
            **_of(ledger.run, _OF_THE_RUN),
            **_of(claim, _OF_THE_CLAIM),
            **_of(claim.shown, _OF_THE_FINDING),
            **_of(_end_of(claim, ended), _OF_THE_ASSERTION),
            "holm": holm.get(claim.claim_id),
            "q_value": q_values.get(claim.claim_id),
        }


def _end_of(
    claim: ClaimRecord, ended: dict[tuple[str, str], AssertionRecord]
) -> AssertionRecord | None:
    return ended.get((claim.claim_id, claim.nodeid))


def _of(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name, None) for name in names}
