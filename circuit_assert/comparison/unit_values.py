"""The scores of units that two runs kept, read claim by claim when they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from circuit_assert.ledger import ClaimRecord, Ledger
from circuit_assert.ledger.scores import folder_of, scores_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


@dataclass(frozen=True)
class OnUnits:
    """The same criterion on the same units in two runs.

    Args:
        differences: float64[unit], later minus earlier.
        clusters: Cluster name → one id per unit.
    """

    differences: npt.NDArray[np.float64]
    clusters: Mapping[str, list[str]]


class UnitValues:
    """Pairs the scores of two runs, where both kept them.

    Args:
        before: The earlier run.
        after: The later one.
    """

    def __init__(self, before: Ledger, after: Ledger) -> None:
        self._before, self._after = before.path, after.path
        self._kept = all(folder_of(path).is_dir() for path in (self._before, self._after))
        self._read = lru_cache(maxsize=4)(_scores)  # the criteria of a claim come one by one

    def paired(self, before: ClaimRecord, after: ClaimRecord, criterion: str) -> OnUnits | None:
        """The differences on units that have a value in both; None without any."""
        if not self._kept:
            return None
        one = self._read(self._before, before.claim_id, before.nodeid)
        other = self._read(self._after, after.claim_id, after.nodeid)
        if one is None or other is None:
            return None
        both = _of(one, criterion).add_suffix("_before").join(_of(other, criterion), how="inner")
        both = both.dropna(subset=["value_before", "value"])
        names = [name for name in _clusters(both) if not both[name].isna().any()]
        if both.empty or any(list(both[name]) != list(both[f"{name}_before"]) for name in names):
            return None  # the units of one number are not the same
        return OnUnits(
            (both["value"] - both["value_before"]).to_numpy(dtype="float64"),
            {name.removeprefix("cluster:"): both[name].astype(str).tolist() for name in names},
        )


def _clusters(frame: pd.DataFrame) -> Iterator[str]:
    for name in map(str, frame.columns):
        if name.startswith("cluster:") and f"{name}_before" in frame.columns:
            yield name


def _of(frame: pd.DataFrame, criterion: str) -> pd.DataFrame:
    chosen = frame[frame["criterion"] == criterion].drop(columns=["claim_id", "nodeid"])
    return chosen.drop(columns="criterion").set_index("unit")


def _scores(ledger: Path, claim_id: str, nodeid: str) -> pd.DataFrame | None:
    """Those of a claim in one test; None without any."""
    found = scores_of(ledger, claim_id)
    found = found[found["nodeid"] == nodeid] if len(found) else found
    return found if len(found) else None
