"""The controller's docket: every record of a run as it comes, written down line by line."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_circuit_assert.judgements.records import WHEN, now
from pytest_circuit_assert.kept import KeptRecords
from pytest_circuit_assert.options import Options

if TYPE_CHECKING:
    from circuit_assert.ledger import (
        ClaimRecord,
        EndRecord,
        Ledger,
        LedgerFile,
        ModelRecord,
        Record,
        RunRecord,
        ScoresRecord,
    )

PACKAGES = (
    "circuit-assert",
    "torch",
    "transformer-lens",
    "transformers",
    "scipy",
    "statsmodels",
    "numpy",
    "pytest",
)


class Docket:
    """Keeps what the tests report of their claims, and writes it down line by line.

    Args:
        config: pytest's.
        options: Those of the run.
    """

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.records = KeptRecords()
        self.settled: list[tuple[str, str]] = []
        self.adjusted: dict[str, float] = {}
        self.path: Path | None = None
        self.run: RunRecord | None = None
        self.problem = ""
        self.end: EndRecord | None = None
        self.split = ""
        self.is_awaited = False  # kept without a record of a claim, too
        self._root = config.rootpath
        self._options = options
        self._arguments = tuple(map(str, config.invocation_params.args))
        self._started = datetime.now(UTC)
        self._file: LedgerFile | None = None
        self._models: set[ModelRecord] = set()
        self._again: set[str] = set()
        self._no_scores = ""
        self._lost = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the records off a report, as soon as it comes."""
        from circuit_assert.ledger import from_dict

        if report.when == WHEN:
            for made in report.claims:
                record = from_dict(made)
                if record is not None and not self._stands(made):
                    self._take(made, record)
            vars(report).update(claims=[])  # the docket has them; a report lives to the end
        not_run = getattr(report, "claim_not_run", None)
        outcome = str(report.outcome)
        if not_run is not None and outcome == "rerun":  # by pytest-rerunfailures
            self._again.add(report.nodeid)
        elif not_run is not None:
            self.did_not_run(report.nodeid, not_run)
        settled = getattr(report, "claim_settled", None)
        if settled is not None and (report.nodeid, settled) not in self.settled:
            self.settled.append((report.nodeid, settled))

    def did_not_run(self, nodeid: str, reason: str) -> None:
        """Take note of a test of claims that did not run, unless it has judged some.

        Args:
            nodeid: The test's.
            reason: Why it did not.
        """
        from circuit_assert.ledger import NotRunRecord, as_dict

        if self.claims_of(nodeid):
            return
        record = NotRunRecord(nodeid=nodeid, reason=reason)
        self.records.append(as_dict(record))
        self._write(record)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the last line; what a comparison says of the run is in its exit status by now."""
        from circuit_assert.ledger import EndRecord

        if not self.records and not self.is_awaited:
            return
        self.adjusted, q_values = self._adjusted()
        self.end = EndRecord(
            ended=now(),
            exit_status=int(session.exitstatus),
            holm=self.adjusted,
            q_values=q_values,
        )
        self._write(self.end)
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def lost(self) -> str:
        """What the ledger could not keep, and a way on; empty when it kept everything."""
        if not self.problem:
            return self._no_scores
        records = "1 record" if self._lost == 1 else f"{self._lost} records"
        said = (
            f"The ledger lacks the last {records}: {self.problem}. Make room, give another folder "
            "with --claims-ledger=DIR, or give --claims-no-ledger."
        )
        return f"{said} {self._no_scores}".rstrip()

    def ledger(self) -> Ledger:
        """What the run's file says, or would say if there were one."""
        from circuit_assert.ledger import Ledger, from_dict

        known = [found for made in self.records if (found := from_dict(made)) is not None]
        first: list[Record] = [self._run, *self._models]
        last: list[Record] = [] if self.end is None else [self.end]
        return Ledger.of(self.path or Path("this run"), [*first, *known, *last])

    def _stands(self, made: dict[str, Any]) -> bool:
        """Whether a test that is run again, as its worker died, has said the same before."""
        if made.get("nodeid") not in self._again:
            return False
        said = ("record", "claim_id")
        told = self.records.of_test(made["nodeid"])
        return any(all(made[name] == each.get(name) for name in said) for each in told)

    def _take(self, made: dict[str, Any], record: Record) -> None:
        from circuit_assert.ledger import ClaimRecord, ModelRecord, ScoresRecord

        if isinstance(record, ScoresRecord):
            self._write_scores(record)
            return
        if isinstance(record, ClaimRecord):
            model = ModelRecord(
                model=record.model,
                fingerprint=record.fingerprint,
                dtype=record.dtype,
                device=record.device,
            )
            if model not in self._models:
                self._models.add(model)
                self._write(model)
        self.records.append(made)
        self._write(record)

    def claims_of(self, nodeid: str) -> list[ClaimRecord]:
        """What a test has judged so far."""
        from circuit_assert.ledger import ClaimRecord, from_dict

        told = map(from_dict, self.records.of_test(nodeid))
        return [record for record in told if isinstance(record, ClaimRecord)]

    def _write_scores(self, record: ScoresRecord) -> None:
        """Keep the scores behind a finding; where one cannot be kept, no other is tried."""
        if self.path is None or self.problem or self._no_scores:
            return
        from circuit_assert.ledger.scores import write_scores

        try:
            write_scores(self.path, record)
        except OSError as problem:
            self._no_scores = f"Scores of units are not kept: {problem}."

    def _write(self, record: Record) -> None:
        """Write one line; a ledger that fails once is left alone, and the run goes on."""
        if self._options.ledger is None:
            return
        if self.problem:
            self._lost += 1
            return
        try:
            self._open(self._options.ledger).append(record)
        except OSError as problem:
            self.problem, self._lost = str(problem), 1

    def _open(self, folder: Path) -> LedgerFile:
        from circuit_assert.ledger import LedgerFile

        if self._file is None:
            self._file = LedgerFile(folder, self._started)
            self.path = self._file.path
            self.run = self._run
            self._file.append(self.run)
        return self._file

    @cached_property
    def _run(self) -> RunRecord:
        """The first line, as things were when it was first asked for."""
        from circuit_assert.ledger import RunRecord

        commit = _git(self._root, "rev-parse", "HEAD")
        changed = _git(self._root, "status", "--porcelain", "--untracked-files=no")
        return RunRecord(
            started=self._started.isoformat(timespec="milliseconds"),
            git_commit=commit or None,
            git_dirty=bool(changed) if commit and changed is not None else None,
            versions=versions(),
            false_pass_rate=self._options.false_pass_rate,
            seed=self._options.seed,
            device=self._options.device,
            dtype=self._options.dtype,
            fail_on=self._options.fail_on,
            options=self._options.said
            | self._options.lock_hash
            | ({"split": self.split} if self.split else {}),
            arguments=self._arguments,
            platform=platform.platform(),
        )

    def _adjusted(self) -> tuple[dict[str, float], dict[str, float]]:
        """Holm's p-values and Benjamini and Yekutieli's q-values, over the run's claims."""
        from circuit_assert.ledger.merging import adjusted

        judged = [each for each in self.records if each["record"] == "claim"]
        return adjusted((each["claim_id"], each["p_value"]) for each in judged)


def versions() -> dict[str, str]:
    """The versions of what a verdict rests on, without importing any of it."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None when there is no git or no repository."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
