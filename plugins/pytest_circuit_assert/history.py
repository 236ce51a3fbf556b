"""`--claims-save` and `--claims-compare`: a run among other runs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_circuit_assert.docket import Docket
from pytest_circuit_assert.judgements.records import now
from pytest_circuit_assert.options import Options
from pytest_circuit_assert.summary import MARKUP

if TYPE_CHECKING:
    from circuit_assert.comparison import Comparison
    from circuit_assert.ledger import Ledger

_T = TypeVar("_T")


class History:
    """Compares the run with an earlier one, and keeps it under a name.

    Args:
        options: Those of the run.
        docket: The controller's.

    Raises:
        pytest.UsageError: when there is no such earlier run.
    """

    def __init__(self, options: Options, docket: Docket) -> None:
        self._options, self._docket = options, docket
        self._earlier: Ledger | None = None
        self._comparison: Comparison | None = None
        self._said: list[str] = []
        if options.compare and options.compare != "previous":
            self._earlier = _found(options, _folder(options))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, _T, _T]:
        """Compare before the ledger ends, which keeps the exit status; save when it has ended."""
        self._compare(int(session.exitstatus))
        if self._is_worse and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what changed, and where the run is kept."""
        if self._comparison is not None:
            from circuit_assert.reporting.comparison import as_lines

            terminalreporter.write_sep("=", "claims compared")
            for line in as_lines(self._comparison, fail_on_drift=self._options.fail_on_drift):
                terminalreporter.write_line(line.text, **MARKUP.get(line.tone, {}))
        for said in self._said:
            terminalreporter.write_line(said)

    @property
    def _is_worse(self) -> bool:
        fail_on_drift = self._options.fail_on_drift
        found = self._comparison
        return found is not None and bool(found.exit_status(fail_on_drift=fail_on_drift))

    def _compare(self, exit_status: int) -> None:
        if not self._options.compare or not self._docket.records:
            return
        from circuit_assert.errors import CircuitAssertError

        path = self._docket.path
        if path is None:
            self._said.append("Not compared: the run's ledger could not be kept.")
            return
        try:
            self._comparison = self._compared(path, exit_status)
        except (CircuitAssertError, OSError) as problem:
            self._said.append(f"Not compared: {problem}")

    def _compared(self, path: Path, exit_status: int) -> Comparison | None:
        from circuit_assert.comparison import compare
        from circuit_assert.ledger import EndRecord, read
        from circuit_assert.ledger.folders import history_of, previous_run

        previous = None if self._earlier else previous_run(path.parent, path)
        earlier = read(previous) if previous else self._earlier
        if earlier is None:
            self._said.append("Not compared: this is the first run that is kept.")
            return None
        end = EndRecord(ended=now(), exit_status=exit_status)
        this = replace(read(path), end=end)  # its last line is still to come
        history = (each for each in history_of(path.parent) if each.path != path)
        return compare(earlier, this, history=history)


class Saving:
    """Keeps the run under a name once its ledger has ended.

    Args:
        options: Those of the run.
        docket: The controller's.
    """

    def __init__(self, options: Options, docket: Docket) -> None:
        self._options, self._docket = options, docket
        self._said = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Copy the ledger and its scores."""
        path = self._docket.path
        if not self._options.save or path is None:
            return
        from circuit_assert.ledger.folders import name_of_shard, save_run

        name = name_of_shard(self._options.save, self._options.shard)
        try:
            kept = save_run(path, path.parent, name)
        except OSError as problem:
            self._said = f"The run is not saved: {problem}."
        else:
            self._said = f"Saved as {name}: {kept}"

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it is kept."""
        if self._said:
            terminalreporter.write_line(self._said)


def _folder(options: Options) -> Path:
    """The folder in which runs are looked for by name."""
    assert options.ledger is not None  # noqa: S101 - refused before
    return options.ledger.parent if options.ledger.name == "runs" else options.ledger


def _found(options: Options, folder: Path) -> Ledger:
    """The run of that name; where there is none, what this shard saved under it."""
    from circuit_assert.errors import CircuitAssertError
    from circuit_assert.ledger import read
    from circuit_assert.ledger.folders import find_run, name_of_shard, saved_in

    saved, shards = saved_in(folder), name_of_shard(options.compare, options.shard)
    name = shards if options.compare not in saved and shards in saved else options.compare
    try:
        return read(find_run(name, folder))
    except (CircuitAssertError, OSError) as problem:
        raise pytest.UsageError(f"--claims-compare: {problem}") from None
