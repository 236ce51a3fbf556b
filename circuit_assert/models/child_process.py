"""A child process whose output is read line by line: pip, and the converter."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

KEPT_LINES = 12


@dataclass(frozen=True)
class Finished:
    """How a child process ended.

    Args:
        code: Its exit code; negative is the signal that killed it.
        tail: The last lines it printed, on either stream.
    """

    code: int
    tail: tuple[str, ...]


def run(
    command: Sequence[str], *, environment: Mapping[str, str], on_line: Callable[[str], None]
) -> Finished:
    """Run `command` to its end, with `environment` on top of ours, passing on each line."""
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    with _start(command, environment) as child:
        try:
            for line in child.stdout or ():
                tail.append(line.rstrip())
                on_line(line.strip())
        except BaseException:
            child.kill()
            raise
    return Finished(child.returncode, tuple(line for line in tail if line))


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - a list, no shell; the program is our own interpreter
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        encoding="utf-8",
        errors="replace",
    )
