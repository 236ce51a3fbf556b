"""The command, run in this process on a folder of its own."""

import pytest
from click.testing import CliRunner

from circuit_assert.cli import main
from circuit_assert.ledger import as_dict


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`command("show", "L5H1")` runs it in an empty folder; gives the result."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        return CliRunner().invoke(main, list(arguments), prog_name="circuit-assert")

    return run


@pytest.fixture
def keep(tmp_path):
    """`keep("one", record, …)` writes a ledger into the folder's `.claims/runs`."""
    import json

    from tests.circuit_assert.reporting.made import run as run_record

    def write(name, *records, **more):
        path = tmp_path / ".claims" / "runs" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(as_dict(each)) for each in (run_record(**more), *records))
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write
