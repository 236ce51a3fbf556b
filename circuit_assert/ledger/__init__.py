"""The ledger: what a run judged, one JSON object per line, appended and never rewritten.

A run is one file. Its first line is a `RunRecord`; then, as they happen, a `ClaimRecord` at the
first judgement of a claim in a test, an `AssertionRecord` when that test ends, a `NotRunRecord`
for a test that could not run; its last line is an `EndRecord`, which a killed run lacks. In the
file each object names its kind under "record".
"""

from circuit_assert.ledger.files import Ledger, LedgerFile, ledgers_in, read, read_folder
from circuit_assert.ledger.records import (
    SCHEMA,
    AssertionRecord,
    ClaimRecord,
    EndRecord,
    ExampleRecord,
    FindingRecord,
    ModelRecord,
    NotRunRecord,
    Polarity,
    Record,
    RunRecord,
    ScoresRecord,
    as_dict,
    from_dict,
    plain,
    polarity,
)

__all__ = [
    "SCHEMA",
    "AssertionRecord",
    "ClaimRecord",
    "EndRecord",
    "ExampleRecord",
    "FindingRecord",
    "Ledger",
    "LedgerFile",
    "ModelRecord",
    "NotRunRecord",
    "Polarity",
    "Record",
    "RunRecord",
    "ScoresRecord",
    "as_dict",
    "from_dict",
    "ledgers_in",
    "plain",
    "polarity",
    "read",
    "read_folder",
]
