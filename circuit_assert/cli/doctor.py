"""`circuit-assert doctor`: whether claims can be judged here, and which would not be."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from circuit_assert.cli.checkup import MARKS, Check


@click.command("doctor")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option(
    "--no-tests", is_flag=True, help="Collect no tests: look at versions, devices and caches only."
)
def command(paths: tuple[str, ...], *, no_tests: bool) -> None:
    """Check versions, devices and caches; say which tests would not run.

    PATHS are files or folders of tests, as for pytest, which are collected and not run. The exit
    status is 1 when something is broken (✗); what only limits a run (–) leaves it 0.

    \b
    Example:
      circuit-assert doctor hypotheses
    """
    broken = sum(_told(title, checks) for title, checks in _parts(paths, no_tests=no_tests))
    if broken:
        things = "1 thing is" if broken == 1 else f"{broken} things are"
        click.echo(f"\n{things} broken.")
        sys.exit(1)
    click.echo("\nNothing is broken.")


def _parts(paths: tuple[str, ...], *, no_tests: bool) -> Iterator[tuple[str, Iterator[Check]]]:
    from circuit_assert.cli.checkup.caches import caches_checked
    from circuit_assert.cli.checkup.devices import devices_checked
    from circuit_assert.cli.checkup.suites import suites_checked
    from circuit_assert.cli.checkup.versions import versions_checked

    yield "Versions", versions_checked()
    yield "Devices", devices_checked()
    yield "Folders", caches_checked(Path.cwd())
    yield "Models", models_checked()
    if not no_tests:
        yield "Tests", suites_checked(paths)


def models_checked() -> Iterator[Check]:
    """A check for each model of the zoo."""
    from circuit_assert.cli.models import state
    from circuit_assert.models.zoo import ZOO

    for model in ZOO.values():
        lines = state(model)
        fine = lines[0].startswith("converted")
        yield Check("fine" if fine else "note", f"{model.name}: {'; '.join(lines)}")


def _told(title: str, checks: Iterable[Check]) -> int:
    """Say each as it is found; how many are broken."""
    click.echo(f"{title}")
    broken = 0
    for check in checks:
        click.echo(f"  {MARKS[check.state]} {check.said}")
        broken += check.state == "broken"
    return broken
