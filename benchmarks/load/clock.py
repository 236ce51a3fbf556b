"""A clock that jumps while tests run: what took how long is true, and the order of lines stands.

The clock is Debian's `faketime`, which reads from a file how far it is off.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.load.checks import each_once, every_line_is_valid
from benchmarks.load.runs import Run, Started
from benchmarks.load.suites import Writes, write_planted
from benchmarks.result import Result
from circuit_assert.ledger import Ledger

JUMPS = ("+1y", "+1h", "-1h", "-1y")
_LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"


@dataclass(frozen=True)
class Jumped(Result):
    """A run during which the clock jumped.

    Args:
        jump: How far: years or hours.
        claims: How many there were.
        hours: From the first line's time to the last one's.
        longest: Most seconds that a claim took, as its line says.
        seconds: The whole run, by a clock that did not jump.
    """

    jump: str
    claims: int
    hours: float
    longest: float
    seconds: float

    @property
    def cells(self) -> dict[str, str]:
        """As a line of a table."""
        return {
            "what": f"the clock jumps by {self.jump}, {self.claims} claims, `-n 1`",
            "from `started` to `ended`": f"{self.hours:,.1f} h",
            "longest claim": f"{self.longest:.2f} s",
            "seconds": f"{self.seconds:.0f} s",
        }


def clock(
    claims: int = 200, jumps: tuple[str, ...] = JUMPS, write: Writes = write_planted
) -> list[Jumped]:
    """Let the clock jump in the middle of a run, one run for each jump.

    Args:
        claims: How many.
        jumps: How far: years (y) or hours (h).
        write: Writes the suite.
    """
    if shutil.which("faketime") is None:
        raise SystemExit("clock: there is no faketime here (Debian: apt-get install faketime)")
    return [_jump(claims, jump, write) for jump in jumps]


def _jump(claims: int, jump: str, write: Writes) -> Jumped:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        off = folder / "off"
        off.write_text("+0\n")
        environment = {
            "LD_PRELOAD": _LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(off),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        plugins = write(folder, claims)
        options = ["-n", "1", "--claims-show=0", "--claims-report=report.html"]
        started = Started(folder, plugins, *options, environment=environment)

        def look() -> None:
            if any(b'"record": "claim"' in path.read_bytes() for path in _ledgers(folder)):
                off.write_text(f"{jump}\n")

        done = started.finish(280, watch=look)
        each_once(done, claims)
        every_line_is_valid(done.ledger.path)
        return _checked(done, claims, jump)


def _checked(done: Run, claims: int, jump: str) -> Jumped:
    found = done.ledger
    took = [each.seconds for each in found.claims]
    assert all(0 <= each <= done.seconds for each in took), f"absurd: {min(took)}, {max(took)}"
    hours = _hours(found)
    asked = float(jump[:-1]) * (8760 if jump.endswith("y") else 1)
    assert abs(hours - asked) < 1, f"the clock did not jump during the run: {hours} h"
    return Jumped(jump, claims, hours, max(took), done.seconds)


def _hours(found: Ledger) -> float:
    assert found.run is not None
    assert found.end is not None
    first, last = map(datetime.fromisoformat, (found.run.started, found.end.ended))
    return (last - first).total_seconds() / 3600


def _ledgers(folder: Path) -> list[Path]:
    return list(folder.glob(".claims/runs/*.jsonl"))
