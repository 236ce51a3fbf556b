"""A disk that fills up during a run: the run goes on, and says what it could not keep.

The disk is a small tmpfs, which takes root to mount.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.runs import Run, run
from benchmarks.load.suites import Writes, write_planted
from benchmarks.result import Result
from circuit_assert.ledger import ledgers_in, read


@dataclass(frozen=True)
class Place:
    """Something that a run writes.

    Args:
        name: What.
        size: Of the disk that it is on, in KiB.
        said: What a run says when it could not be kept; empty where nothing is lost.
        options: For pytest; DISK is the folder.
        variable: An environment variable that is set to the folder, or nothing.
    """

    name: str
    size: int
    said: str
    options: tuple[str, ...] = ()
    variable: str = ""


PLACES = (
    Place("the ledger", 64, "The ledger lacks the last", ("--claims-ledger=DISK/runs",)),
    Place("the cache of scores", 32, "scores are not kept in", ("--claims-cache=DISK/cache",)),
    Place(
        "scores of units",
        600,
        "Scores of units are not kept",
        ("--claims-ledger=DISK/runs", "--claims-scores"),
    ),
    Place("the report", 32, "No space left on device", ("--claims-report=DISK/report.html",)),
    Place("temporary files", 4, "", variable="TMPDIR"),
)


@dataclass(frozen=True)
class Full(Result):
    """A run whose disk was full before its end.

    Args:
        place: What was on that disk.
        claims: How many tests there are, with a claim each, which all had their result.
        status: pytest's exit status.
        said: What the run said of it.
    """

    place: str
    claims: int
    status: int | None
    said: str

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what was on the full disk": self.place,
            "claims judged and shown": f"{self.claims} of {self.claims}",
            "exit status": str(self.status),
            "said": self.said or "nothing: nothing was lost",
        }


def disk(
    claims: int = 100, places: tuple[Place, ...] = PLACES, write: Writes = write_planted
) -> list[Full]:
    """Fill the disk of one place after the other.

    Args:
        claims: How many.
        places: Which.
        write: Writes the suite.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plugins = write(folder, claims)
        before = run(folder, plugins, "--claims-show=all", "--claims-no-cache")
        assert before.status == 0, before.output
        return [_full(each, folder, plugins, before, claims) for each in places]


def _full(place: Place, folder: Path, plugins: list[str], before: Run, claims: int) -> Full:
    with _small(place.size) as mounted:
        earlier = mounted / "runs" / "20200101T000000.000000Z-1.jsonl"
        kept = _first_lines(ledgers_in(folder / ".claims")[0])
        if place.name == "the ledger":
            earlier.parent.mkdir()
            earlier.write_bytes(kept)
        options = [option.replace("DISK", str(mounted)) for option in place.options]
        shared = ["-n", "1", "--claims-show=all", *options]
        named = {place.variable: str(mounted)} if place.variable else {}
        done = run(folder, plugins, *shared, environment=named)
        if place.name == "the ledger":
            assert earlier.read_bytes() == kept, "an earlier ledger has changed"
            later = ledgers_in(mounted)[-1]
            assert 0 < len(read(later).claims) < claims, "the disk was not full"
        return _checked(place, done, before, claims)


def _checked(place: Place, done: Run, before: Run, claims: int) -> Full:
    assert not done.broke, f"{place.name}: {done.output[-3000:]}"
    assert done.results == before.results, f"{place.name}: other results"
    shown = done.output.count("\n✓ ") + done.output.count("\n✗ ") + done.output.count("\n? ")
    assert shown >= claims, f"{place.name}: {shown} of {claims} claims are shown"
    assert place.said in done.output, f"{place.name}: nothing said: {done.output[-3000:]}"
    return Full(place.name, claims, done.status, place.said)


def _first_lines(path: Path) -> bytes:
    return b"".join(path.read_bytes().splitlines(keepends=True)[:8])


@contextmanager
def _small(kibibytes: int) -> Generator[Path]:
    """A file system of so many KiB."""
    with tempfile.TemporaryDirectory() as place:
        size = f"size={kibibytes}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], check=True)  # noqa: S607
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=True)  # noqa: S607
