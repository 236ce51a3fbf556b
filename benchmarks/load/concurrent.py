"""Two runs at a time over the same folders: the same verdicts, and every file whole."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.load.checks import each_once, every_line_is_valid, verdicts
from benchmarks.load.runs import Run, Started, run
from benchmarks.load.suites import write_planted
from benchmarks.result import Result
from circuit_assert.ledger import ledgers_in, read


@dataclass(frozen=True)
class Together(Result):
    """Two runs that went on at the same time, and one after them.

    Args:
        claims: How many each of them judged.
        workers: How many workers each had.
        entries: Files in the cache of scores at the end, which were all read.
        reused: Claims of the third run that ran no model.
        seconds: Of the three runs.
    """

    claims: int
    workers: int
    entries: int
    reused: int
    seconds: tuple[float, float, float]

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": f"2 runs of {self.claims:,} claims at a time, `-n {self.workers}` each",
            "verdicts that differ": "0",
            "entries of the cache": str(self.entries),
            "of them unreadable": "0",
            "claims that a third run reused": f"{self.reused:,}",
            "seconds": ", ".join(f"{each:.0f} s" for each in self.seconds),
        }


def concurrent(claims: int = 400, workers: int = 1) -> Together:
    """Run the same suite twice at a time, and once more.

    Args:
        claims: How many.
        workers: Of each run.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plugins = write_planted(folder, claims)
        options = ["-n", str(workers), "--claims-show=0"]
        both = [Started(folder, plugins, *options) for _ in range(2)]
        done = [each.finish(timeout=280) for each in both]
        found = _ledgers_of(done, folder, claims)
        entries = _read_all(folder / ".claims" / "cache")
        third = run(folder, plugins, *options)
        each_once(third, claims)
        assert verdicts(third.ledger) == found, "the third run judged otherwise"
        reused = sum(each.runs == 0 for each in third.ledger.claims)
        assert reused == claims, f"only {reused} of {claims} claims were reused"
        seconds = (done[0].seconds, done[1].seconds, third.seconds)
        return Together(claims, workers, entries, reused, seconds)


def _ledgers_of(done: list[Run], folder: Path, claims: int) -> dict[tuple[str, str], str]:
    paths = ledgers_in(folder / ".claims")
    assert len(paths) == len(done), f"{len(paths)} ledgers of {len(done)} runs"
    for each in done:
        each_once(each, claims)
    for path in paths:
        every_line_is_valid(path, every=10)
    first, second = (verdicts(read(path)) for path in paths)
    assert first == second, "two runs at the same time judged otherwise"
    return first


def _read_all(folder: Path) -> int:
    """Read every entry of a cache of scores, as the library does.

    Raises:
        AssertionError: for one that cannot be read, or that was left half-written.
    """
    files = sorted(folder.rglob("*.npz"))
    assert files, f"nothing in {folder}"
    assert not list(folder.rglob("*.part")), "something was left half-written"
    for path in files:
        with np.load(path, allow_pickle=False) as file:
            assert file["scores"].dtype.kind in "Ufi", path
    return len(files)
