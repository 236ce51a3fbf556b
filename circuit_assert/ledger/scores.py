"""Scores of units beside a ledger, as Parquet: a file for each finding, whole or not there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from circuit_assert.ledger.records import ScoresRecord

if TYPE_CHECKING:
    import pandas as pd


def folder_of(ledger: Path) -> Path:
    """Where the scores of a run are kept: beside its ledger, under the same name."""
    return ledger.with_suffix(".scores")


def write_scores(ledger: Path, record: ScoresRecord) -> Path:
    """Keep the scores behind one finding.

    Args:
        ledger: The run's file.
        record: The scores.

    Returns:
        The file, with a row per unit.

    Raises:
        OSError: when it could not be written.
    """
    import pandas as pd

    folder = folder_of(ledger)
    folder.mkdir(exist_ok=True)
    said = f"{record.claim_id} {record.nodeid} {record.criterion}"
    path = folder / f"{record.claim_id}-{hashlib.sha256(said.encode()).hexdigest()[:12]}.parquet"
    frame = pd.DataFrame(
        {
            "claim_id": record.claim_id,
            "nodeid": record.nodeid,
            "criterion": record.criterion,
            "unit": pd.array(record.units, dtype="int64"),
            "value": pd.array(record.values, dtype="float64"),
            **{f"cluster:{name}": list(ids) for name, ids in record.clusters.items()},
        }
    )
    part = path.with_suffix(".part")
    frame.to_parquet(part, index=False)
    os.replace(part, path)
    return path


def load_scores(ledger: Path) -> pd.DataFrame:
    """The scores that a run kept: a row per claim, criterion and unit; empty when it kept none.

    Args:
        ledger: The run's file.
    """
    return _joined(sorted(folder_of(ledger).glob("*.parquet")))


def scores_of(ledger: Path, claim_id: str) -> pd.DataFrame:
    """The scores that a run kept of one claim; empty when it kept none.

    Args:
        ledger: The run's file.
        claim_id: Which claim.
    """
    return _joined(sorted(folder_of(ledger).glob(f"{claim_id}-*.parquet")))


def _joined(files: list[Path]) -> pd.DataFrame:
    import pandas as pd

    frames = [pd.read_parquet(path) for path in files]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
