"""`circuit-assert list`: the claims of tests, for people or as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from circuit_assert.cli.run import PLUGIN


@click.command("list")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: claims, tests not known.")
def command(paths: tuple[str, ...], *, as_json: bool) -> None:
    """List the claims of tests without judging them.

    No model is loaded and no test is run. PATHS are files, folders or node ids, as for pytest.

    \b
    Example:
      circuit-assert list hypotheses/smollm2_135m --json
    """
    import pytest

    arguments = ["-p", PLUGIN, "--claims-list"]
    if not as_json:
        sys.exit(pytest.main([*arguments, "-q", *paths]))
    taken = Taken()
    status = pytest.main([*arguments, "-p", "no:terminal", *paths], plugins=[taken])
    for problem in taken.problems:
        click.echo(problem, err=True)
    if status == pytest.ExitCode.OK:
        click.echo(json.dumps(taken.listed, ensure_ascii=False, indent=2))
    sys.exit(status)


class Taken:
    """A plugin that takes the listing, and what could not be collected."""

    def __init__(self) -> None:
        self.listed: dict[str, Any] = {"claims": [], "not_rehearsed": []}
        self.problems: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401 - pytest's
        """Keep what was wrong with a file."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longrepr}")

    def pytest_sessionfinish(self, session: Any) -> None:  # noqa: ANN401 - pytest's
        """Take the claims from the part of the plugin that has learned them."""
        listing = session.config.pluginmanager.getplugin(f"{PLUGIN}.rehearsal")
        if listing is not None and listing.rehearsed is not None:
            self.listed = listing.as_dict()
