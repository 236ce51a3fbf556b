"""`circuit-assert lock [PATHS]`: the declared claims, written down before they are measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click


@click.command(
    "lock", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True}
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("claims.lock"),
    show_default=True,
    help="The file to write.",
)
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PATHS]...")
def command(output: Path, pytest_arguments: tuple[str, ...]) -> None:
    """Write every claim that tests declare to a file: thresholds, prompts, ablations, α.

    No model is loaded and nothing is measured. Commit the file, then run the tests with
    --claims-lock or --claims-locked. PATHS and further options go to pytest.

    \b
    Example:
      circuit-assert lock hypotheses -o claims.lock
    """
    called = [sys.executable, "-m", "pytest", "-p", "pytest_circuit_assert"]
    called += ["--claims-write-lock", str(output), *pytest_arguments]
    raise SystemExit(subprocess.run(called, check=False).returncode)  # noqa: S603 - pytest
