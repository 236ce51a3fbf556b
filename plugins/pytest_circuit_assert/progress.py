"""Says that something long is going on: where a test waits for a model, its output is captured."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")
_SECONDS = 0.5
"""Between two messages of a worker."""
_SAVE, _RESTORE, _CLEAR = "\x1b7", "\x1b8", "\x1b[K"


class Progress:
    """Shows what a session is doing: a line that goes again on a terminal, a plain one elsewhere.

    On a terminal it stands behind pytest's dots and is wiped; elsewhere only the loading of a
    model is told. While a model loads nothing is captured, so that what its first conversion says
    is seen. Workers say nothing themselves; what they are at is told by the controller, on a
    terminal.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._silent = self._is_worker or config.get_verbosity() < 0
        self._workers: dict[str, str] = {}
        self._told = 0.0
        self.relay: Callable[[str], None] | None = None
        self._uncaptured = ExitStack()
        self._shown = False
        self._nodeid = ""
        self._of = ""

    def report(self, text: str, done: int, total: int) -> None:
        """Say how far something has come.

        Args:
            text: What is being done.
            done: How much of it is done.
            total: How much there is; 0 when it cannot be counted.
        """
        if self._silent:
            self._pass_on(text, done, total)
            return
        self._uncaptured.close()
        if total:
            with self._capture_off():
                self._show(f"{text}{self._of}: {done}/{total}" if done < total else "")
            return
        self._uncaptured.enter_context(self._capture_off())
        if _is_live():
            self._show(f"{text} …")
        else:
            self._tell(f"{text} …")

    def of_worker(self, worker: str, text: str) -> None:
        """Show what a worker is at, beside the others.

        Args:
            worker: Its id.
            text: What it is doing; empty when that is done.
        """
        self._workers.pop(worker, None)
        if text:
            self._workers[worker] = text
        if not self._silent:
            self._show(" · ".join(f"{name} {said}" for name, said in self._workers.items()))

    def _pass_on(self, text: str, done: int, total: int) -> None:
        """Tell the controller, not too often."""
        if self.relay is None:
            return
        ended, now = 0 < total <= done, time.monotonic()
        if ended or not total or now - self._told > _SECONDS:
            self._told = now
            amount = f"{self._of}: {done}/{total}" if total else " …"
            self.relay("" if ended else f"{text}{amount}")

    def finish(self, *_: object) -> None:
        """Wipe what is left: a claim has been judged."""
        self._uncaptured.close()
        if self._shown:
            with self._capture_off():
                self._show("")

    @contextmanager
    def ahead(self, claims: int) -> Generator[None]:
        """While claims are measured together, between two tests: say how many.

        Args:
            claims: How many.
        """
        self._of, self._nodeid = f" for {claims} claims" if claims > 1 else "", ""
        try:
            yield
        finally:
            self._of = ""
            self.finish()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Wipe what is left, also when loading fails."""
        return (yield from self._phase(item))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, _T, _T]:
        """Wipe what is left, also when loading fails."""
        return (yield from self._phase(item))

    def _phase(self, item: pytest.Item) -> Generator[None, _T, _T]:
        self._nodeid = item.nodeid
        try:
            return (yield)
        finally:
            self.finish()

    def _tell(self, text: str) -> None:
        """A line of its own, after which the line of results goes on."""
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        reporter.ensure_newline()
        reporter.write(f"circuit-assert: {_printable(text)}")
        if self._nodeid and not reporter.showlongtestinfo:
            reporter.write_fspath_result(self._nodeid, "")

    def _show(self, text: str) -> None:
        """Write behind what is on the line, and return to where it ended."""
        if not _is_live() or not (text or self._shown):
            return
        writer = self._config.get_terminal_writer()
        room = shutil.get_terminal_size().columns - writer.width_of_current_line - 2
        writer.flush()
        said = f" {_printable(text)[:room]}" if text and room > 20 else ""
        sys.stderr.write(f"{_SAVE}{_CLEAR}{said}{_RESTORE}")
        sys.stderr.flush()
        self._shown = bool(said)

    def _capture_off(self) -> Any:  # noqa: ANN401 - a context manager of pytest's
        manager: Any = self._config.pluginmanager.getplugin("capturemanager")
        return nullcontext() if manager is None else manager.global_and_fixture_disabled()


def _is_live() -> bool:
    """Whether a line can be written and wiped again."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _printable(text: str) -> str:
    """A model's name is anybody's text."""
    from circuit_assert.reporting.columns import visible

    return visible(text)


PROGRESS = pytest.StashKey[Progress]()
